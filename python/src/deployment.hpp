// lambdapool._native.ensure_deployed: deploying on call.
#pragma once

#include <nanobind/nanobind.h>

namespace lambdapool::python {

void bind_deployment(nanobind::module_& module);

}  // namespace lambdapool::python
