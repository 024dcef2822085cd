#include "deploy/function/change.hpp"

#include <algorithm>
#include <utility>

#include "deploy/function/marks.hpp"
#include "deploy/function/response_mode.hpp"
#include "deploy/function/settings.hpp"
#include "deploy/function/variables.hpp"

namespace lambdapool::deploy {
namespace {

using aws::FunctionConfiguration;

std::string joined_by_commas(const std::vector<std::string>& items) {
  std::string text;
  for (const auto& item : items) text += (text.empty() ? "" : ", ") + item;
  return text.empty() ? "none" : text;
}

std::string shown(int value) { return std::to_string(value); }
std::string shown(const std::string& value) { return "'" + value + "'"; }
std::string shown(const std::vector<std::string>& value) { return joined_by_commas(value); }
std::string shown(const aws::VpcConfig& vpc) {
  return vpc == aws::VpcConfig{}
             ? "none"
             : joined_by_commas(vpc.subnets) + " with " + joined_by_commas(vpc.security_groups);
}
std::string shown(const Reservation& reservation) {
  return reservation.executions ? std::to_string(*reservation.executions) : "none";
}

class Comparison {
 public:
  explicit Comparison(Change& change) : change_(change) {}

  // A member that was asked for and differs goes forth, and its old value into the way back.
  template <class T>
  void compare(std::optional<T> aws::UpdateFunctionConfiguration::*member, const std::optional<T>& asked,
               const T& now, const std::string& what, const std::string& unit = "") {
    if (!asked || *asked == now) return;
    change_.configuration.*member = *asked;
    change_.way_back.*member = now;
    if (!what.empty()) change_.lines.push_back(what + " from " + shown(now) + " to " + shown(*asked) + unit);
  }

 private:
  Change& change_;
};

// Values may be secrets, so only names are told.
void tell_variables(const Variables& now, const Variables& then, std::vector<std::string>& lines) {
  for (const auto& [name, value] : then) {
    const auto found = now.find(name);
    if (found == now.end() || found->second != value) lines.push_back("environment variable " + name);
  }
  for (const auto& [name, value] : now)
    if (then.count(name) == 0) lines.push_back("environment variable " + name + ": removed");
}

std::optional<aws::VpcConfig> asked_vpc(const aws::VpcConfig& now, const FunctionRequest& asked) {
  if (!asked.subnets && !asked.security_groups) return std::nullopt;
  aws::VpcConfig vpc{asked.subnets.value_or(now.subnets),
                     asked.security_groups.value_or(now.security_groups)};
  const auto is_same = [](const std::vector<std::string>& a, const std::vector<std::string>& b) {
    return std::is_permutation(a.begin(), a.end(), b.begin(), b.end());
  };
  // Their order means nothing.
  if (is_same(vpc.subnets, now.subnets) && is_same(vpc.security_groups, now.security_groups)) return now;
  return vpc;
}

// Paths bring all of the code, with packages or without.
void compare_requirements(const aws::FunctionDescription& now, const FunctionRequest& asked, Change& change) {
  const auto tag = now.tags.find(requirements_tag);
  const bool marked = tag != now.tags.end();
  const std::string runtime = asked.runtime.value_or(now.configuration.runtime);
  if (asked.installs() && (!marked || tag->second != runtime))
    change.tags.set[requirements_tag] = runtime;
  else if (!asked.installs() && marked)
    change.tags.remove.emplace_back(requirements_tag);
}

// The tag follows the code: what this update brings, or what an interrupted one had brought.
void compare_tags(const aws::FunctionDescription& now, const FunctionRequest& asked, Change& change) {
  change.tags = tag_change(now.tags, asked);
  for (const auto& [key, value] : change.tags.set)
    change.lines.push_back("tag " + key + " to '" + value + "'");
  for (const auto& key : change.tags.remove) change.lines.push_back("tag " + key + ": removed");
  const auto& variables =
      change.configuration.environment ? *change.configuration.environment : now.configuration.environment;
  const auto version = variables.find(version_variable);
  const auto tag = now.tags.find(version_tag);
  if (version != variables.end() && (tag == now.tags.end() || tag->second != version->second))
    change.tags.set[version_tag] = version->second;
  if (!asked.paths.empty()) compare_requirements(now, asked, change);
  if (now.tags.count(unfinished_tag) != 0) change.tags.remove.push_back(unfinished_tag);
}

Result<void> choose_response_mode(const FunctionConfiguration& now, const FunctionRequest& asked,
                                  NewCode code, Variables& variables) {
  if (now.runtime.starts_with("python"))
    return apply_response_mode(variables, now.environment, asked,
                               code == NewCode::yes ? BringsCode::yes : BringsCode::no);
  if (asked.response_mode) return refuse_response_mode_of_executable();
  return {};
}

// What stands for the response mode is told as that.
Variables told_as_variables(Variables variables) {
  if (response_mode_of(variables).streams) variables.erase(wrapper_variable);
  variables.erase(mode_variable);
  return variables;
}

Result<void> compare_environment(const FunctionConfiguration& now, const FunctionRequest& asked, NewCode code,
                                 const std::string& version, Place place, Change& change) {
  Variables variables = changed_variables(now.environment, asked);
  if (code == NewCode::yes) variables[version_variable] = version;
  if (place == Place::aws)
    if (auto chosen = choose_response_mode(now, asked, code, variables); !chosen) return chosen;
  if (variables == now.environment) return {};
  tell_variables(told_as_variables(now.environment), told_as_variables(variables), change.lines);
  const bool streams = response_mode_of(variables).streams;
  if (streams != response_mode_of(now.environment).streams)
    change.lines.push_back(std::string("response mode to ") + (streams ? streaming_mode : buffered_mode));
  change.configuration.environment = std::move(variables);
  change.way_back.environment = now.environment;
  return {};
}

Result<void> validate_change(const aws::FunctionDescription& now, const Change& change) {
  if (change.configuration.environment)
    if (auto fits = validate_variables_size(*change.configuration.environment, lambda_limits()); !fits)
      return fits;
  if (change.configuration.vpc)
    if (auto whole = validate_vpc(*change.configuration.vpc); !whole) return whole;
  return validate_tag_count(now.tags, change.tags);
}

}  // namespace

bool Change::of_configuration() const {
  const auto& c = configuration;
  return c.memory_mb || c.timeout_s || c.layers || c.runtime || c.handler || c.environment || c.role ||
         c.description || c.ephemeral_mb || c.vpc;
}

std::vector<std::string> arns_of_layers(const FunctionConfiguration& function) {
  std::vector<std::string> arns;
  for (const auto& layer : function.layers) arns.push_back(layer.arn);
  return arns;
}

Result<Change> change_of(const aws::FunctionDescription& description, const FunctionRequest& asked,
                         const std::optional<std::vector<std::string>>& layer_arns, NewCode code,
                         const std::string& version, Place place) {
  using Update = aws::UpdateFunctionConfiguration;
  const FunctionConfiguration& now = description.configuration;
  Change change;
  change.configuration.name = change.way_back.name = asked.name;
  Comparison comparison(change);
  comparison.compare(&Update::memory_mb, asked.memory_mb, now.memory_mb, "memory", " MB");
  comparison.compare(&Update::timeout_s, asked.timeout_s, now.timeout_s, "timeout", " s");
  comparison.compare(&Update::ephemeral_mb, asked.ephemeral_mb, now.ephemeral_mb, "ephemeral storage", " MB");
  comparison.compare(&Update::runtime, asked.runtime, now.runtime, "runtime");
  comparison.compare(&Update::layers, layer_arns, arns_of_layers(now), "layers");
  comparison.compare(&Update::role, asked.role, now.role, "role");
  comparison.compare(&Update::description, asked.description, now.description, "description");
  comparison.compare(&Update::vpc, asked_vpc(now.vpc, asked), now.vpc, "VPC");
  if (auto compared = compare_environment(now, asked, code, version, place, change); !compared)
    return tl::unexpected(compared.error());
  compare_tags(description, asked, change);
  const Reservation reserved{description.reserved_concurrency};
  if (asked.concurrency && *asked.concurrency != reserved) {
    change.concurrency = asked.concurrency;
    change.lines.push_back("reserved concurrency from " + shown(reserved) + " to " +
                           shown(*asked.concurrency));
  }
  if (auto valid = validate_change(description, change); !valid) return tl::unexpected(valid.error());
  return change;
}

bool is_in_force(const aws::UpdateFunctionConfiguration& asked, const FunctionConfiguration& now) {
  const auto same = [](const auto& wanted, const auto& is) { return !wanted || *wanted == is; };
  return same(asked.memory_mb, now.memory_mb) && same(asked.timeout_s, now.timeout_s) &&
         same(asked.ephemeral_mb, now.ephemeral_mb) && same(asked.runtime, now.runtime) &&
         same(asked.layers, arns_of_layers(now)) && same(asked.role, now.role) &&
         same(asked.description, now.description) && same(asked.vpc, now.vpc) &&
         same(asked.environment, now.environment);
}

}  // namespace lambdapool::deploy
