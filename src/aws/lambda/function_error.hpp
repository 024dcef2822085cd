// What an X-Amz-Function-Error means: the function's own error, or a death that the platform reports.
#pragma once

#include <string>
#include <string_view>

#include "core/error.hpp"

namespace lambdapool::aws {

// `payload` is the error's JSON as the caller gets it, `log` the tail in plain text. `function` as it was
// invoked, or "".
Error function_error(std::string payload, std::string log, std::string_view function);

}  // namespace lambdapool::aws
