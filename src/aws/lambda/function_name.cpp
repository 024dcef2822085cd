#include "aws/lambda/function_name.hpp"

#include <regex>

#include "core/limits.hpp"

namespace lambdapool::aws {

namespace {

constexpr std::size_t arn_length_max = 170;

tl::unexpected<Error> refused(const std::string& text, const std::string& why) {
  return fail(ErrorKind::invalid_argument, "'" + text + "' cannot be a Lambda function: " + why);
}

}  // namespace

Result<FunctionName> parse_function_name(const std::string& text) {
  static const std::regex form(R"((?:(arn:aws[a-zA-Z-]*:lambda:)([a-z0-9-]+:)?)?(?:\d{12}:)?(?:function:)?)"
                               R"(([a-zA-Z0-9_-]+)(?::(\$LATEST|[a-zA-Z0-9_-]+))?)");
  if (text.empty()) return fail(ErrorKind::invalid_argument, "the name of the Lambda function is empty");
  std::smatch parts;
  if (text.size() > arn_length_max || !std::regex_match(text, parts, form))
    return refused(text.substr(0, arn_length_max),
                   "it takes a name of letters, digits, hyphens and underscores, NAME:QUALIFIER, or an ARN");
  FunctionName out{parts[3].str(), parts[4].str(), parts[2].str()};
  if (!out.region.empty()) out.region.pop_back();
  if (out.name.size() > static_cast<std::size_t>(limits::function_name_max))
    return refused(text, "its name has " + std::to_string(out.name.size()) + " characters; at most " +
                             std::to_string(limits::function_name_max) + " are allowed");
  return out;
}

}  // namespace lambdapool::aws
