// lambdapool.create, update, delete and list, as far as they are C++.
#pragma once

#include <nanobind/nanobind.h>

namespace lambdapool::python {

void bind_deploying(nanobind::module_& module);

}  // namespace lambdapool::python
