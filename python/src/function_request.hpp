// What a function shall be, from Python's words for it.
#pragma once

#include <nanobind/nanobind.h>

#include "deploy/request.hpp"

namespace lambdapool::python {

enum class KeepsEnvironment { no, yes };

// The keys are lambdapool.toml's settings, with "_" for "-" (python/lambdapool/deployment.py has judged their
// types), and of a change unset_env and untag. With `keeps_environment`, env is added to the variables there
// are.
deploy::FunctionRequest function_request(const std::string& name, const nanobind::dict& settings,
                                         KeepsEnvironment keeps_environment = KeepsEnvironment::no);

}  // namespace lambdapool::python
