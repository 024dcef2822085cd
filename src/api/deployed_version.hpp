// Which version of a function is called: the one that a pool deploys, or that `lambdapool run` has deployed
// for it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/environment.hpp"
#include "core/error.hpp"
#include "lambdapool/options.hpp"
#include "target/target.hpp"

namespace lambdapool::api {

// options.lambda_function, or with a version; behind it the versions with more memory, where that is a
// ladder. Errors: invalid_argument, and those of deploy::ensure_deployed.
Result<std::vector<std::string>> called_functions(const Options& options, const target::TargetOptions& target,
                                                  const Environment& environment);

// By megabytes: for each of these sizes a version of what the pool has deployed. Errors as above.
Result<std::map<int, std::string>> deployed_sizes(const Options& options, const target::TargetOptions& target,
                                                  const Environment& environment,
                                                  const std::vector<int>& sizes_mb);

}  // namespace lambdapool::api
