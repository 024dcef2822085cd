// The wrapper of Python functions that were deployed to AWS: python/agent/lambdapool_runtime/exec_wrapper.
#pragma once

namespace lambdapool {

inline constexpr const char* own_wrapper = "/var/task/lambdapool_runtime/exec_wrapper";

}  // namespace lambdapool
