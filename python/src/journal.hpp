// A run's journal, for lambdapool.resumption.
#pragma once

#include <nanobind/nanobind.h>

namespace lambdapool::python {

void bind_journal(nanobind::module_& module);

}  // namespace lambdapool::python
