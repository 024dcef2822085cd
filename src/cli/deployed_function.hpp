// A function as it stands on the service: looked up, told apart from what lambdapool did not make, and
// waited for while the service is still changing it.
#pragma once

#include <optional>
#include <string>

#include "aws/lambda.hpp"
#include "cli/session.hpp"
#include "core/error.hpp"

namespace lambdapool::cli {

inline constexpr const char* version_tag = "lambdapool";
inline constexpr const char* version_variable = "LAMBDAPOOL_VERSION";
inline constexpr const char* codec_variable = "LAMBDAPOOL_CODEC";

// nullopt where there is no function of that name.
Result<std::optional<aws::FunctionDescription>> find_function(Session& session, const std::string& name);

// The same for a verb that changes a function: errors not_found, and conflict for one that lambdapool did
// not make.
Result<aws::FunctionDescription> own_function(Session& session, const std::string& name);

// Returns once the service has finished what it was doing to the function, or after five minutes. Errors:
// service with the service's own reason when it failed; timed_out; cancelled.
Result<aws::FunctionConfiguration> wait_until_settled(Session& session, const std::string& name);

}  // namespace lambdapool::cli
