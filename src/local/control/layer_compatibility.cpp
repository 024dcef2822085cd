#include "local/control/layer_compatibility.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>

#include "local/control/request_body.hpp"

namespace lambdapool::local {
namespace {

constexpr std::string_view runtime_names[] = {
    "nodejs",        "nodejs4.3",     "nodejs6.10",    "nodejs8.10",      "nodejs10.x",    "nodejs12.x",
    "nodejs14.x",    "nodejs16.x",    "nodejs18.x",    "nodejs20.x",      "nodejs22.x",    "nodejs24.x",
    "java8",         "java8.al2",     "java11",        "java17",          "java21",        "java25",
    "python2.7",     "python3.6",     "python3.7",     "python3.8",       "python3.9",     "python3.10",
    "python3.11",    "python3.12",    "python3.13",    "python3.14",      "dotnetcore1.0", "dotnetcore2.0",
    "dotnetcore2.1", "dotnetcore3.1", "dotnet6",       "dotnet8",         "dotnet10",      "nodejs4.3-edge",
    "go1.x",         "ruby2.5",       "ruby2.7",       "ruby3.2",         "ruby3.3",       "ruby3.4",
    "ruby4.0",       "provided",      "provided.al2",  "provided.al2023", "nodejs26.x",    "python3.15",
    "java8.al2023",  "java11.al2023", "java17.al2023", "custom"};
constexpr std::string_view architecture_names[] = {"x86_64", "arm64"};

using Names = std::span<const std::string_view>;

std::string enumeration(Names names) {
  std::string text = "Member must satisfy enum value set: [";
  for (const auto name : names) text.append(name == names.front() ? "" : ", ").append(name);
  return text + "]";
}

bool is_one_of(const std::string& name, Names names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string bracketed(const std::vector<std::string>& values) {
  std::string text;
  for (const auto& value : values) text += (text.empty() ? "" : ", ") + value;
  return "[" + text + "]";
}

// `known`: what each has to be, in AWS's words.
void check_names(const std::vector<std::string>& values, const char* member, Names names,
                 const std::string& known, std::size_t most, Violations& violations) {
  if (values.size() > most)
    violations.push_back(
        {bracketed(values), member, "Member must have length less than or equal to " + std::to_string(most)});
  if (!std::all_of(values.begin(), values.end(), [&](const auto& value) { return is_one_of(value, names); }))
    violations.push_back({bracketed(values), member, known});
}

OrRefusal<void> check_choice(const std::string& value, const char* member, Names names) {
  if (value.empty() || is_one_of(value, names)) return {};
  return validation_error(value, member, enumeration(names));
}

}  // namespace

OrRefusal<LayerDescription> read_layer_description(const Json& body) {
  auto description = read_string(body, "Description");
  auto license = read_string(body, "LicenseInfo");
  auto runtimes = read_strings(body, "CompatibleRuntimes");
  auto architectures = read_strings(body, "CompatibleArchitectures");
  if (!description) return tl::unexpected(description.error());
  if (!license) return tl::unexpected(license.error());
  if (!runtimes) return tl::unexpected(runtimes.error());
  if (!architectures) return tl::unexpected(architectures.error());
  LayerDescription layer{description->value_or(""), license->value_or(""),
                         runtimes->value_or(std::vector<std::string>{}),
                         architectures->value_or(std::vector<std::string>{})};
  Violations violations;
  check_length(layer.description, "description", 256, violations);
  check_length(layer.license, "licenseInfo", 512, violations);
  check_names(layer.runtimes, "compatibleRuntimes", runtime_names, enumeration(runtime_names), 15,
              violations);
  check_names(
      layer.architectures, "compatibleArchitectures", architecture_names,
      "Member must satisfy constraint: [" + enumeration(architecture_names) + ", Member must not be null]", 2,
      violations);
  if (!violations.empty()) return validation_errors(violations);
  return layer;
}

OrRefusal<void> check_layer_query(const Route& call) {
  if (auto known = check_choice(call.query_value("CompatibleRuntime"), "compatibleRuntime", runtime_names);
      !known)
    return known;
  return check_choice(call.query_value("CompatibleArchitecture"), "compatibleArchitecture",
                      architecture_names);
}

}  // namespace lambdapool::local
