#include "deploy/function/settings.hpp"

#include <filesystem>
#include <set>

#include "aws/s3/s3.hpp"
#include "core/limits.hpp"
#include "core/named_fifo.hpp"
#include "core/utf8.hpp"
#include "deploy/form.hpp"
#include "deploy/function/response_mode.hpp"
#include "deploy/function/tags.hpp"
#include "deploy/function/variables.hpp"

namespace lambdapool::deploy {
namespace {

Result<void> validate_range(const char* what, int value, int low, int high, const char* unit) {
  if (value >= low && value <= high) return {};
  return fail(ErrorKind::invalid_argument, std::string(what) + " must be between " + std::to_string(low) +
                                               " and " + std::to_string(high) + " " + unit + ", not " +
                                               std::to_string(value) + ".");
}

Result<void> validate_paths(const FunctionRequest& options) {
  std::error_code ignored;
  for (const std::string& path : options.paths)
    if (!std::filesystem::exists(path, ignored))
      return fail(ErrorKind::invalid_argument, "path '" + path + "' does not exist.");
  if (!options.installs()) return {};
  const auto file = std::filesystem::status(*options.requirements, ignored);
  if (!std::filesystem::exists(file))
    return fail(ErrorKind::invalid_argument,
                "requirements file '" + *options.requirements + "' does not exist.");
  if (is_named_fifo(*options.requirements) ||
      (!std::filesystem::is_regular_file(file) && !std::filesystem::is_fifo(file)))
    return fail(ErrorKind::invalid_argument,
                "requirements file '" + *options.requirements + "' is not a file.");
  return {};
}

Result<void> validate_role(const std::string& role) {
  static const std::regex pattern(R"(arn:[a-zA-Z0-9-]+:iam::\d{12}:role/[a-zA-Z_0-9+=,.@\-_/]+)");
  if (has_form(role, pattern)) return {};
  return fail(ErrorKind::invalid_argument,
              "'" + role + "' is not a role's ARN, such as arn:aws:iam::123456789012:role/NAME.");
}

Result<void> validate_ids(const std::vector<std::string>& ids, const char* what, const char* pattern,
                          std::size_t most) {
  if (ids.size() > most)
    return fail(ErrorKind::invalid_argument, "a function can be in at most " + std::to_string(most) + " " +
                                                 what + "s, not " + std::to_string(ids.size()) + ".");
  for (const std::string& id : ids)
    if (!has_form(id, std::regex(pattern)))
      return fail(ErrorKind::invalid_argument,
                  "'" + id + "' is not the id of a " + what + "; one begins with " +
                      std::string(pattern).substr(0, std::string(pattern).find('-') + 1) + ".");
  return {};
}

Result<void> validate_description(const std::string& description, const FunctionLimits& limits) {
  const auto length = utf8::length(description);
  if (length <= limits.description_max) return {};
  return fail(ErrorKind::invalid_argument, "the description has " + std::to_string(length) +
                                               " characters; at most " +
                                               std::to_string(limits.description_max) + " are allowed.");
}

Result<void> validate_concurrency(const Reservation& reservation) {
  if (!reservation.executions || *reservation.executions >= 0) return {};
  return fail(ErrorKind::invalid_argument, "concurrency must be 0 or more, not " +
                                               std::to_string(*reservation.executions) +
                                               "; 'none' lets the function share the account's.");
}

Result<void> validate_bucket(const std::string& bucket) {
  if (aws::s3::is_bucket_name(bucket)) return {};
  return fail(ErrorKind::invalid_argument,
              "'" + bucket + "' is not the name of an S3 bucket: 3 to 63 of a-z, 0-9, '-' and '.'.");
}

Result<void> validate_numbers(const FunctionRequest& options, const FunctionLimits& limits) {
  Result<void> valid;
  if (options.memory_mb)
    valid = validate_range("memory", *options.memory_mb, limits.memory_mb_min, limits.memory_mb_max, "MB");
  if (valid && options.timeout_s)
    valid = validate_range("timeout", *options.timeout_s, 1, limits.timeout_s_max, "seconds");
  if (valid && options.ephemeral_mb)
    valid = validate_range("ephemeral storage", *options.ephemeral_mb, lambdapool::limits::ephemeral_mb_min,
                           lambdapool::limits::ephemeral_mb_max, "MB");
  if (valid && options.concurrency) valid = validate_concurrency(*options.concurrency);
  return valid;
}

Result<void> validate_places(const FunctionRequest& options) {
  Result<void> valid;
  if (options.subnets)
    valid = validate_ids(*options.subnets, "subnet", "subnet-[0-9a-z]+", limits::subnets_max);
  if (valid && options.security_groups)
    valid = validate_ids(*options.security_groups, "security group", "sg-[0-9a-zA-Z]+",
                         limits::security_groups_max);
  if (valid && options.bucket) valid = validate_bucket(*options.bucket);
  return valid;
}

Result<void> validate_rights(const FunctionRequest& options) {
  if (options.role && options.policies && !options.policies->empty())
    return fail(ErrorKind::invalid_argument,
                "--policy goes with the role that lambdapool makes; give the policy to your own role "
                "yourself.");
  return options.role ? validate_role(*options.role) : Result<void>{};
}

}  // namespace

Result<void> validate_vpc(const aws::VpcConfig& vpc) {
  if (vpc.subnets.empty() == vpc.security_groups.empty()) return {};
  return fail(ErrorKind::invalid_argument,
              vpc.subnets.empty()
                  ? "a security group needs a subnet beside it: give --subnet as well."
                  : "a subnet needs a security group beside it: give --security-group as well.");
}

Result<void> validate_name(const std::string& name) {
  static const std::regex pattern("[a-zA-Z0-9_-]+");
  if (name.size() > static_cast<std::size_t>(limits::function_name_max))
    return fail(ErrorKind::invalid_argument, "function name '" + name + "' has " +
                                                 std::to_string(name.size()) + " characters; at most " +
                                                 std::to_string(limits::function_name_max) + " are allowed.");
  if (!has_form(name, pattern))
    return fail(ErrorKind::invalid_argument,
                "function name '" + name + "' may only have letters, digits, hyphens and underscores.");
  return {};
}

Result<void> check_on_lambda(const FunctionRequest& request) {
  if (request.service_account)
    return fail(ErrorKind::invalid_argument,
                "a function on Lambda runs with a role: give --role instead of --service-account.");
  if (!request.per_instance) return {};
  return fail(ErrorKind::invalid_argument,
              "Lambda runs one call at a time in an environment, so --per-instance is for Cloud Run alone.");
}

Result<void> keeps_packages(const std::string& installed_for, const FunctionRequest& asked) {
  if (!asked.paths.empty() && !asked.requirements)
    return fail(ErrorKind::invalid_argument,
                "function " + asked.name +
                    " has packages of a requirements file, which new code without them would lose: give -r "
                    "FILE again, or -r \"\" to leave them out.");
  if (asked.paths.empty() && asked.runtime && *asked.runtime != installed_for)
    return fail(ErrorKind::invalid_argument,
                "the packages of function " + asked.name + " were installed for " + installed_for +
                    "; to change the runtime, give the paths and -r FILE as well.");
  return {};
}

Result<void> validate_layer_name(const std::string& name) {
  static const std::regex pattern("[a-zA-Z0-9_-]{1,140}");
  if (has_form(name, pattern)) return {};
  return fail(ErrorKind::invalid_argument,
              "layer name '" + name + "' must have 1 to 140 letters, digits, hyphens and underscores.");
}

Result<void> validate_layers(const std::vector<std::string>& layers) {
  static const std::regex pattern(
      R"((arn:[a-zA-Z0-9-]+:lambda:[a-zA-Z0-9-]+:\d{12}:layer:[a-zA-Z0-9_-]{1,140}):\d+)");
  static const std::regex own(R"(([a-zA-Z0-9_-]{1,140})(:\d+)?)");
  if (layers.size() > static_cast<std::size_t>(limits::layers_max))
    return fail(ErrorKind::invalid_argument, "a function can use at most " +
                                                 std::to_string(limits::layers_max) + " layers, not " +
                                                 std::to_string(layers.size()) + ".");
  std::set<std::string> seen;
  for (const std::string& layer : layers) {
    std::smatch parts;
    if (!has_form(layer, parts, pattern) && !has_form(layer, parts, own))
      return fail(ErrorKind::invalid_argument,
                  "layer '" + layer +
                      "' is neither a layer version's ARN, such as "
                      "arn:aws:lambda:us-east-1:123456789012:layer:NAME:1, nor the name of a layer.");
    if (!seen.insert(parts[1].str()).second)
      return fail(ErrorKind::invalid_argument, "layer '" + parts[1].str() + "' is given twice.");
  }
  return {};
}

Result<void> validate_values(const FunctionRequest& options, const FunctionLimits& limits) {
  Result<void> valid = validate_name(options.name);
  if (valid) valid = validate_numbers(options, limits);
  if (valid && options.layers) valid = validate_layers(*options.layers);
  if (valid && options.description) valid = validate_description(*options.description, limits);
  if (valid) valid = validate_places(options);
  if (valid) valid = validate_rights(options);
  if (valid) valid = validate_variable_names(options, limits);
  if (valid) valid = validate_tags(options);
  if (valid) valid = validate_response_mode(options);
  return valid;
}

Result<void> validate(const FunctionRequest& options, const FunctionLimits& limits) {
  const auto valid = validate_values(options, limits);
  return valid ? validate_paths(options) : valid;
}

}  // namespace lambdapool::deploy
