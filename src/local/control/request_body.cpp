#include "local/control/request_body.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "core/reserved_variables.hpp"
#include "local/control/arn.hpp"
#include "local/control/request_settings.hpp"

namespace lambdapool::local {
namespace {

tl::unexpected<Refusal> wrong_type(const char* member, const char* expected) {
  return refuse(400, "SerializationException", std::string("'") + member + "' must be " + expected);
}

const Json* find(const Json& body, const char* member) {
  const auto found = body.find(member);
  return found == body.end() || found->is_null() ? nullptr : &*found;
}

std::string lower_first(std::string text) {
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') text[0] = static_cast<char>(text[0] - 'A' + 'a');
  return text;
}

bool all_in(std::string_view text, std::string_view extra) {
  return std::all_of(text.begin(), text.end(), [extra](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           extra.find(c) != std::string_view::npos;
  });
}

// arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+
bool is_role(std::string_view text) {
  const auto partition_end = text.find(':', 4);
  if (!text.starts_with("arn:") || partition_end == std::string_view::npos) return false;
  const auto partition = text.substr(4, partition_end - 4);
  if (!partition.empty() && (!partition.starts_with("aws") || !all_in(partition, "-"))) return false;
  auto rest = text.substr(partition_end);
  if (!rest.starts_with(":iam::") || rest.size() < 25) return false;
  const auto account = rest.substr(6, 12);
  if (!std::all_of(account.begin(), account.end(), [](char c) { return c >= '0' && c <= '9'; })) return false;
  rest.remove_prefix(18);
  return rest.starts_with(":role") && rest.size() > 5 && all_in(rest.substr(5), "_+=,.@-/") &&
         rest != ":role/";
}

OrRefusal<void> check_runtime(const std::string& runtime) {
  static constexpr std::array<std::string_view, 17> runnable{
      "python3.9",  "python3.10", "python3.11", "python3.12",      "python3.13",  "python3.14",
      "python3.15", "nodejs20.x", "nodejs22.x", "nodejs24.x",      "java8.al2",   "java11",
      "java17",     "java21",     "java25",     "provided.al2023", "provided.al2"};
  static constexpr std::array<std::string_view, 20> gone{
      "go1.x",      "provided",   "python2.7",  "python3.6",  "python3.7",     "python3.8", "nodejs12.x",
      "nodejs14.x", "nodejs16.x", "nodejs8.10", "ruby2.5",    "ruby2.7",       "java8",     "dotnetcore3.1",
      "nodejs",     "nodejs4.3",  "nodejs6.10", "nodejs10.x", "dotnetcore1.0", "dotnet5.0"};
  if (std::find(runnable.begin(), runnable.end(), runtime) != runnable.end()) return {};
  if (std::find(gone.begin(), gone.end(), runtime) != gone.end()) {
    return invalid_parameter("The runtime parameter of " + runtime +
                             " is no longer supported for creating or updating AWS Lambda functions. We "
                             "recommend you use a supported runtime while creating or updating functions.");
  }
  for (const char* family : {"nodejs", "java", "dotnet", "ruby"}) {
    if (!runtime.starts_with(family)) continue;
    return invalid_parameter("The local Lambda has no " + runtime +
                             ". It runs python3.9 to python3.15, nodejs20.x to nodejs24.x and java8.al2 to "
                             "java25 with the runtime client that you have installed, and with the Runtime "
                             "provided.al2023 anything else: put an executable named bootstrap into the "
                             "package that starts the language's runtime client (for ruby the gem "
                             "aws_lambda_ric, for dotnet Amazon.Lambda.RuntimeSupport from NuGet).");
  }
  std::string values;
  for (const auto name : runnable) values.append(values.empty() ? "" : ", ").append(name);
  return invalid_parameter(
      "Value " + runtime +
      " at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [" + values +
      "] or be a valid ARN");
}

void check_range(std::int64_t value, const char* member, std::int64_t least, std::int64_t most,
                 Violations& violations) {
  const auto text = std::to_string(value);
  if (value < least)
    violations.push_back(
        {text, member, "Member must have value greater than or equal to " + std::to_string(least)});
  if (value > most)
    violations.push_back(
        {text, member, "Member must have value less than or equal to " + std::to_string(most)});
}

OrRefusal<void> check_environment(const StringMap& variables, Violations& violations) {
  std::string reserved;
  for (const auto& [key, value] : variables) {
    const bool letter = !key.empty() && all_in(key.substr(0, 1), "") && !(key[0] >= '0' && key[0] <= '9');
    if (is_reserved_variable(key)) {
      reserved.append(reserved.empty() ? "" : ", ").append(key);
    } else if (!letter || key.size() < 2 || !all_in(key, "_")) {
      violations.push_back({key, "environment.variables",
                            "Map keys must satisfy constraint: [Member must satisfy regular expression "
                            "pattern: [a-zA-Z]([a-zA-Z0-9_])+]"});
    } else if (value.find('\0') != std::string::npos) {
      return invalid_parameter("The environment variable " + key + " holds a NUL character.");
    }
  }
  if (!reserved.empty()) {
    return invalid_parameter(
        "Lambda was unable to configure your environment variables because the environment variables you "
        "have "
        "provided contains reserved keys that are currently not supported for modification. Reserved keys "
        "used "
        "in this request: " +
        reserved);
  }
  const auto measured = Json(variables).dump(-1, ' ', false, Json::error_handler_t::replace);
  if (static_cast<std::int64_t>(measured.size()) > limits::environment_bytes_max) {
    return invalid_parameter(
        "Lambda was unable to configure your environment variables because the environment variables you "
        "have "
        "provided exceeded the 4KB limit. String measured: " +
        measured);
  }
  return {};
}

tl::unexpected<Refusal> unsupported(const std::string& what) {
  return invalid_parameter("The local Lambda does not support " + what + ".");
}

// As clients send a setting that is not used: "", false, or a structure of such. None is nested deeper than
// this.
bool empty_setting(const Json& value, int depth = 3) {
  if (value.is_string()) return value.get_ref<const std::string&>().empty();
  if (!value.is_structured()) return value.is_null() || value == false;
  if (depth == 0) return value.empty();
  return std::all_of(value.begin(), value.end(),
                     [depth](const Json& inner) { return empty_setting(inner, depth - 1); });
}

OrRefusal<void> refuse_unsupported(const Json& body) {
  for (const char* member : {"ImageConfig", "CodeSigningConfigArn", "DurableConfig", "CapacityProviderConfig",
                             "TenancyConfig", "PublishTo", "SourceKMSKeyArn"}) {
    if (const auto* value = find(body, member); value != nullptr && !empty_setting(*value))
      return unsupported(member);
  }
  return {};
}

OrRefusal<void> apply_numbers(const Json& body, FunctionConfig& config, Violations& violations) {
  const auto apply = [&](const Json& from, const char* member, const char* path, std::int64_t least,
                         std::int64_t most, int& to) -> OrRefusal<void> {
    auto value = read_integer(from, member);
    if (!value) return tl::unexpected(value.error());
    if (!*value) return {};
    check_range(**value, path, least, most, violations);
    to = static_cast<int>(**value);
    return {};
  };
  if (auto done =
          apply(body, "Timeout", "timeout", limits::timeout_s_min, limits::timeout_s_max, config.timeout_s);
      !done) {
    return done;
  }
  if (auto done = apply(body, "MemorySize", "memorySize", limits::memory_mb_min, limits::memory_mb_max,
                        config.memory_mb);
      !done) {
    return done;
  }
  const auto* storage = find(body, "EphemeralStorage");
  if (storage == nullptr) return {};
  if (!storage->is_object()) return wrong_type("EphemeralStorage", "an object");
  return apply(*storage, "Size", "ephemeralStorage.size", limits::ephemeral_mb_min, limits::ephemeral_mb_max,
               config.ephemeral_mb);
}

OrRefusal<void> apply_texts(const Json& body, FunctionConfig& config, Violations& violations) {
  const std::pair<const char*, std::string*> members[] = {{"Role", &config.role},
                                                          {"Runtime", &config.runtime},
                                                          {"Handler", &config.handler},
                                                          {"Description", &config.description}};
  for (const auto& [member, to] : members) {
    auto text = read_string(body, member);
    if (!text) return tl::unexpected(text.error());
    if (*text) *to = **text;
  }
  if (find(body, "Role") != nullptr && !is_role(config.role)) {
    violations.push_back(pattern_violation(
        config.role, "role", "arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+"));
  }
  if (std::any_of(config.handler.begin(), config.handler.end(), [](unsigned char c) { return c <= ' '; })) {
    violations.push_back(pattern_violation(config.handler, "handler", "[^\\s]+"));
  }
  check_length(config.handler, "handler", 128, violations);
  check_length(config.description, "description", 256, violations);
  return find(body, "Runtime") != nullptr ? check_runtime(config.runtime) : OrRefusal<void>{};
}

OrRefusal<void> apply_environment(const Json& body, FunctionConfig& config, Violations& violations) {
  const auto* environment = find(body, "Environment");
  if (environment == nullptr) return {};
  if (!environment->is_object()) return wrong_type("Environment", "an object");
  auto variables = read_string_map(*environment, "Variables");
  if (!variables) return tl::unexpected(variables.error());
  const auto chosen = variables->value_or(StringMap{});
  if (auto fits = check_environment(chosen, violations); !fits) return fits;
  config.environment = *variables;  // an empty one is shown, too
  return {};
}

}  // namespace

OrRefusal<std::optional<std::string>> read_string(const Json& body, const char* member) {
  const auto* value = find(body, member);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) return wrong_type(member, "a string");
  return value->get<std::string>();
}

OrRefusal<std::optional<std::int64_t>> read_integer(const Json& body, const char* member) {
  const auto* value = find(body, member);
  if (value == nullptr) return std::nullopt;
  if (!value->is_number_integer()) return wrong_type(member, "an integer");
  return value->get<std::int64_t>();
}

OrRefusal<std::optional<bool>> read_boolean(const Json& body, const char* member) {
  const auto* value = find(body, member);
  if (value == nullptr) return std::nullopt;
  if (!value->is_boolean()) return wrong_type(member, "true or false");
  return value->get<bool>();
}

OrRefusal<std::optional<std::vector<std::string>>> read_strings(const Json& body, const char* member) {
  const auto* value = find(body, member);
  if (value == nullptr) return std::nullopt;
  if (!value->is_array()) return wrong_type(member, "a list of strings");
  std::vector<std::string> texts;
  for (const auto& item : *value) {
    if (!item.is_string()) return wrong_type(member, "a list of strings");
    texts.push_back(item.get<std::string>());
  }
  return texts;
}

OrRefusal<std::optional<StringMap>> read_string_map(const Json& body, const char* member) {
  const auto* value = find(body, member);
  if (value == nullptr) return std::nullopt;
  if (!value->is_object()) return wrong_type(member, "an object of strings");
  StringMap map;
  for (const auto& [key, item] : value->items()) {
    if (!item.is_string()) return wrong_type(member, "an object of strings");
    map.emplace(key, item.get<std::string>());
  }
  return map;
}

OrRefusal<std::string> require_string(const Json& body, const char* member) {
  auto text = read_string(body, member);
  if (!text) return tl::unexpected(text.error());
  if (*text) return **text;
  return refuse(400, "ValidationException",
                "1 validation error detected: Value null at '" + lower_first(member) +
                    "' failed to satisfy constraint: Member must not be null");
}

void require(const Json& body, const char* member, Violations& violations) {
  if (find(body, member) == nullptr)
    violations.push_back({"null", lower_first(member), "Member must not be null"});
}

void check_length(const std::string& text, const char* member, std::size_t most, Violations& violations) {
  if (text.size() > most)
    violations.push_back(
        {text, member, "Member must have length less than or equal to " + std::to_string(most)});
}

OrRefusal<void> refuse_images(const Json& body) {
  const auto* type = find(body, "PackageType");
  if (type == nullptr || *type == "Zip") return {};
  return unsupported("container images: PackageType must be Zip");
}

OrRefusal<void> apply_configuration(const Json& body, FunctionConfig& config, Violations violations) {
  auto outcome = refuse_unsupported(body);
  for (auto* step : {apply_texts, apply_numbers, apply_environment, apply_logging, apply_vpc, apply_kept}) {
    auto done = step(body, config, violations);
    if (!done && done.error().type == "SerializationException") return done;
    if (outcome && !done) outcome = std::move(done);
  }
  return violations.empty() ? outcome : validation_errors(violations);
}

std::string host_architecture() {
#if defined(__aarch64__)
  return "arm64";
#else
  return "x86_64";
#endif
}

OrRefusal<std::optional<std::string>> read_architecture(const Json& body) {
  auto names = read_strings(body, "Architectures");
  if (!names) return tl::unexpected(names.error());
  if (!*names) return std::nullopt;
  std::string listed;
  for (const auto& name : **names) listed.append(listed.empty() ? "" : ", ").append(name);
  if ((*names)->empty())
    return validation_error("[]", "architectures", "Member must have length greater than or equal to 1");
  if ((*names)->size() > 1)
    return validation_error("[" + listed + "]", "architectures",
                            "Member must have length less than or equal to 1");
  if (listed != "x86_64" && listed != "arm64")
    return validation_error("[" + listed + "]", "architectures",
                            "Member must satisfy constraint: [Member must satisfy enum value set: [x86_64, "
                            "arm64], Member must not be null]");
  if ((**names)[0] != host_architecture()) {
    return invalid_parameter("The local Lambda runs on " + host_architecture() +
                             " and cannot run functions for " + (**names)[0] + ".");
  }
  return (**names)[0];
}

OrRefusal<void> check_tags(const StringMap& tags) {
  if (tags.size() > 50) return invalid_parameter("Number of tags exceeds resource tag limit.");
  for (const auto& [key, value] : tags) {
    if (key.empty() || key.size() > 128 || value.size() > 256 || key.starts_with("aws:")) {
      return invalid_parameter(
          "The tag '" + key +
          "' is not valid: a key has 1 to 128 characters and does not begin with aws:, a "
          "value has at most 256.");
    }
  }
  return {};
}

}  // namespace lambdapool::local
