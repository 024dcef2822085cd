#include "cli/settings.hpp"

#include <filesystem>
#include <regex>
#include <set>

#include "core/limits.hpp"

namespace lambdapool::cli {
namespace {

Result<void> validate_range(const char* what, int value, int low, int high, const char* unit) {
  if (value >= low && value <= high) return {};
  return fail(ErrorKind::invalid_argument, std::string(what) + " must be between " + std::to_string(low) +
                                               " and " + std::to_string(high) + " " + unit + ", not " +
                                               std::to_string(value) + ".");
}

Result<void> validate_paths(const FunctionOptions& options) {
  std::error_code ignored;
  for (const std::string& path : options.paths)
    if (!std::filesystem::exists(path, ignored))
      return fail(ErrorKind::invalid_argument, "path '" + path + "' does not exist.");
  if (!options.requirements) return {};
  const auto file = std::filesystem::status(*options.requirements, ignored);
  if (!std::filesystem::exists(file))
    return fail(ErrorKind::invalid_argument, "requirements file '" + *options.requirements + "' does not exist.");
  if (!std::filesystem::is_regular_file(file))
    return fail(ErrorKind::invalid_argument, "requirements file '" + *options.requirements + "' is not a file.");
  return {};
}

Result<void> validate_role(const std::string& role) {
  static const std::regex pattern(R"(arn:[a-zA-Z0-9-]+:iam::\d{12}:role/[a-zA-Z_0-9+=,.@\-_/]+)");
  if (std::regex_match(role, pattern)) return {};
  return fail(ErrorKind::invalid_argument,
              "'" + role + "' is not a role's ARN, such as arn:aws:iam::123456789012:role/NAME.");
}

}  // namespace

Result<void> validate_name(const std::string& name) {
  static const std::regex pattern("[a-zA-Z0-9_-]+");
  if (name.size() > static_cast<std::size_t>(limits::function_name_max))
    return fail(ErrorKind::invalid_argument, "function name '" + name + "' has " +
                                                 std::to_string(name.size()) + " characters; at most " +
                                                 std::to_string(limits::function_name_max) + " are allowed.");
  if (!std::regex_match(name, pattern))
    return fail(ErrorKind::invalid_argument,
                "function name '" + name + "' may only have letters, digits, hyphens and underscores.");
  return {};
}

Result<void> validate_layers(const std::vector<std::string>& layers) {
  static const std::regex pattern(
      R"((arn:[a-zA-Z0-9-]+:lambda:[a-zA-Z0-9-]+:\d{12}:layer:[a-zA-Z0-9_-]{1,140}):\d+)");
  if (layers.size() > static_cast<std::size_t>(limits::layers_max))
    return fail(ErrorKind::invalid_argument, "a function can use at most " +
                                                 std::to_string(limits::layers_max) + " layers, not " +
                                                 std::to_string(layers.size()) + ".");
  std::set<std::string> seen;
  for (const std::string& layer : layers) {
    std::smatch parts;
    if (!std::regex_match(layer, parts, pattern))
      return fail(
          ErrorKind::invalid_argument,
          "layer '" + layer +
              "' is not a layer version's ARN, such as arn:aws:lambda:us-east-1:123456789012:layer:NAME:1.");
    if (!seen.insert(parts[1].str()).second)
      return fail(ErrorKind::invalid_argument, "layer '" + parts[1].str() + "' is given twice.");
  }
  return {};
}

Result<void> validate(const FunctionOptions& options) {
  Result<void> valid = validate_name(options.name);
  if (valid && options.memory_mb)
    valid = validate_range("memory", *options.memory_mb, limits::memory_mb_min, limits::memory_mb_max, "MB");
  if (valid && options.timeout_s)
    valid = validate_range("timeout", *options.timeout_s, limits::timeout_s_min, limits::timeout_s_max,
                           "seconds");
  if (valid && options.layers) valid = validate_layers(*options.layers);
  if (valid && options.role) valid = validate_role(*options.role);
  return valid ? validate_paths(options) : valid;
}

}  // namespace lambdapool::cli
