// The environment variables that Lambda sets itself and lets nobody change.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace lambdapool {

inline bool is_reserved_variable(std::string_view name) {
  constexpr std::array<std::string_view, 18> reserved{"_HANDLER",
                                                      "_X_AMZN_TRACE_ID",
                                                      "AWS_DEFAULT_REGION",
                                                      "AWS_REGION",
                                                      "AWS_EXECUTION_ENV",
                                                      "AWS_LAMBDA_FUNCTION_NAME",
                                                      "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
                                                      "AWS_LAMBDA_FUNCTION_VERSION",
                                                      "AWS_LAMBDA_INITIALIZATION_TYPE",
                                                      "AWS_LAMBDA_LOG_GROUP_NAME",
                                                      "AWS_LAMBDA_LOG_STREAM_NAME",
                                                      "AWS_ACCESS_KEY",
                                                      "AWS_ACCESS_KEY_ID",
                                                      "AWS_SECRET_ACCESS_KEY",
                                                      "AWS_SESSION_TOKEN",
                                                      "AWS_LAMBDA_RUNTIME_API",
                                                      "LAMBDA_TASK_ROOT",
                                                      "LAMBDA_RUNTIME_DIR"};
  return std::find(reserved.begin(), reserved.end(), name) != reserved.end();
}

}  // namespace lambdapool
