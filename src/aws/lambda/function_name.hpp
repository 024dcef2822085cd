// How a function may be named in a call: NAME, NAME:QUALIFIER, ACCOUNT:function:NAME, or its ARN.
#pragma once

#include <string>
#include <string_view>

#include "core/error.hpp"

namespace lambdapool::aws {

struct FunctionName {
  std::string name;
  std::string qualifier = {};  // a version or an alias; "" where there is none
  std::string region = {};     // of an ARN; "" where there is none
};

// By the rules of Lambda's own model. Error kind invalid_argument: a sentence in the place of the regular
// expression that Lambda answers with.
Result<FunctionName> parse_function_name(const std::string& text);

}  // namespace lambdapool::aws
