// What an X-Amz-Function-Error means: the function's own error, or a death that the platform reports.
#pragma once

#include <string>
#include <string_view>

#include "core/error.hpp"
#include "core/limits.hpp"

namespace lambdapool::aws {

// How much a function may have, for who reads that it has had too little.
struct Most {
  int timeout_s = limits::timeout_s_max;
  int memory_mb = limits::memory_mb_max;
};

// `payload` is the error's JSON as the caller gets it, `log` the tail in plain text. `function` as it was
// invoked, or "".
Error function_error(std::string payload, std::string log, std::string_view function, Most most = {});

}  // namespace lambdapool::aws
