// lambdapool._native.LocalLambda: a local Lambda on a port of this process, for tests of users' own code.
#pragma once

#include <nanobind/nanobind.h>

namespace lambdapool::python {

void bind_local_lambda(nanobind::module_& module);

}  // namespace lambdapool::python
