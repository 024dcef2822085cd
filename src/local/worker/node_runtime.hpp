// How a nodejs function is started: Lambda's own runtime client for Node.js, aws-lambda-ric, which the user
// has installed, with the `node` that is first on lambdapool's PATH.
#pragma once

#include <filesystem>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "local/worker/environment.hpp"
#include "local/worker/invocation_error.hpp"

namespace lambdapool::local {

bool is_node(const FunctionVersion& function);

// The command in the worker, without its wrapper. `opt`: of the host; "" without layers. `environment`:
// lambdapool's. The error says what is not there and how to install it.
tl::expected<std::vector<std::string>, InvocationError> node_command(const FunctionVersion& function,
                                                                     const std::filesystem::path& opt,
                                                                     const Environment& environment,
                                                                     const WorkerSetting& setting);

}  // namespace lambdapool::local
