// How a Java function is started: Lambda's own runtime client for Java, which the user has (in the package, a
// layer, or Maven's repository), with the Java of this machine that is of the function's version.
#pragma once

#include <filesystem>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "local/worker/environment.hpp"
#include "local/worker/invocation_error.hpp"

namespace lambdapool::local {

bool is_java(const FunctionVersion& function);

// The command in the worker, without its wrapper. `opt`: of the host; "" without layers. `environment`:
// lambdapool's. The error says what is not there and how to have it.
tl::expected<std::vector<std::string>, InvocationError> java_command(const FunctionVersion& function,
                                                                     const std::filesystem::path& opt,
                                                                     const Environment& environment,
                                                                     const WorkerSetting& setting);

}  // namespace lambdapool::local
