// What calls took and cost, as the Python package sees it. _native.pyi documents the methods.
#pragma once

#include <nanobind/nanobind.h>

namespace lambdapool::python {

void bind_reports(nanobind::module_& module);

}  // namespace lambdapool::python
