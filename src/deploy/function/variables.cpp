#include "deploy/function/variables.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

#include "deploy/form.hpp"
#include "deploy/function/marks.hpp"

namespace lambdapool::deploy {
namespace {

bool is_reserved_for_us(const std::string& name) {
  return name == version_variable || name == codec_variable || name == mode_variable;
}

Result<void> validate_variable_name(const std::string& name, const FunctionLimits& limits) {
  if (is_reserved_for_us(name))
    return fail(ErrorKind::invalid_argument,
                "environment variable " + name + " is lambdapool's own and can't be changed.");
  if (limits.is_reserved_variable(name))
    return fail(ErrorKind::invalid_argument,
                "environment variable " + name + " is set by " + limits.cloud + " and can't be changed.");
  if (!has_form(name, std::regex(limits.variable_form)))
    return fail(ErrorKind::invalid_argument,
                "environment variable '" + name + "' " + limits.variable_form_in_words + ".");
  return {};
}

}  // namespace

Result<void> validate_variable_names(const FunctionRequest& options, const FunctionLimits& limits) {
  for (const auto& [name, value] : options.environment) {
    if (auto valid = validate_variable_name(name, limits); !valid) return valid;
    if (options.unset_environment.count(name) != 0)
      return fail(ErrorKind::invalid_argument, "environment variable " + name + " is both set and unset.");
    if (limits.variable_bytes_max != 0 && value.size() > limits.variable_bytes_max)
      return fail(ErrorKind::invalid_argument,
                  "environment variable " + name + " has " + std::to_string(value.size()) + " bytes, and " +
                      limits.cloud + " takes " + std::to_string(limits.variable_bytes_max) +
                      "; put large values into the code or a store.");
  }
  for (const auto& name : options.unset_environment)
    if (auto valid = validate_variable_name(name, limits); !valid) return valid;
  return {};
}

Result<void> validate_variables_size(const Variables& variables, const FunctionLimits& limits) {
  const auto text = nlohmann::json(variables).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  const auto bytes = static_cast<std::int64_t>(text.size());
  if (limits.environment_bytes_max == 0 || bytes <= limits.environment_bytes_max) return {};
  return fail(ErrorKind::invalid_argument, "the environment variables have " + std::to_string(bytes) +
                                               " bytes together, and " + limits.cloud + " takes " +
                                               std::to_string(limits.environment_bytes_max) +
                                               "; put large values into the code or a store.");
}

Variables changed_variables(const Variables& now, const FunctionRequest& options) {
  Variables variables = options.environment;
  for (const auto& [name, value] : now)
    if (is_reserved_for_us(name) ||
        (!options.whole_environment && options.unset_environment.count(name) == 0))
      variables.emplace(name, value);
  return variables;
}

}  // namespace lambdapool::deploy
