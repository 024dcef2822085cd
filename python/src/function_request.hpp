// What a function shall be, from Python's words for it.
#pragma once

#include <nanobind/nanobind.h>

#include "deploy/request.hpp"

namespace lambdapool::python {

// The keys are lambdapool.toml's settings, with "_" for "-" (python/lambdapool/deployment.py has judged their
// types).
deploy::FunctionRequest function_request(const std::string& name, const nanobind::dict& settings);

}  // namespace lambdapool::python
