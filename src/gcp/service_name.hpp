// A function's name as a Cloud Run service's: those have lower-case letters, digits and hyphens alone.
#pragma once

#include <string>

#include "core/error.hpp"

namespace lambdapool::gcp {

// "My_Function" is the service "my-function", as Google's own tools name functions' services. Error kind
// invalid_argument: no letter at the beginning, another character, or more than 49 of them.
Result<std::string> service_id(const std::string& function);

}  // namespace lambdapool::gcp
