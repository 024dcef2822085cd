#include "gcp/credentials/configuration.hpp"

#include <fstream>
#include <iterator>
#include <utility>
#include <vector>

#include "core/named_fifo.hpp"

namespace lambdapool::gcp {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blank = " \t\r\n";
  const auto begin = text.find_first_not_of(blank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blank) - begin + 1);
}

std::string content_of(const std::filesystem::path& path) {
  auto file = open_to_read(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string variable_of(const std::string& property) {
  std::string name = "CLOUDSDK_" + property;
  for (char& c : name) {
    if (c == '/') c = '_';
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return name;
}

Setting first_of(const Environment& environment, const std::vector<const char*>& variables) {
  for (const char* name : variables)
    if (const auto value = environment.get(name)) return {*value, name};
  return {};
}

}  // namespace

std::filesystem::path gcloud_directory(const Environment& environment) {
  if (const auto given = environment.get("CLOUDSDK_CONFIG")) return *given;
  return environment.home_directory() / ".config" / "gcloud";
}

std::map<std::string, std::string> parse_properties(std::string_view text) {
  std::map<std::string, std::string> values;
  std::string section;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const auto line = trimmed(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    if (line.front() == '[' && line.back() == ']') {
      section = trimmed(line.substr(1, line.size() - 2));
      continue;
    }
    const auto sign = line.find('=');
    if (sign == std::string_view::npos) continue;
    values[section + "/" + std::string(trimmed(line.substr(0, sign)))] = trimmed(line.substr(sign + 1));
  }
  return values;
}

Configuration Configuration::of(const Environment& environment) {
  const auto directory = gcloud_directory(environment);
  std::string name = environment.get("CLOUDSDK_ACTIVE_CONFIG_NAME").value_or("");
  if (name.empty()) name = trimmed(content_of(directory / "active_config"));
  if (name.empty()) name = "default";
  auto values = parse_properties(content_of(directory / "configurations" / ("config_" + name)));
  for (const char* property :
       {"core/project", "run/region", "functions/region", "compute/region",
        "auth/impersonate_service_account", "api_endpoint_overrides/run", "api_endpoint_overrides/storage",
        "api_endpoint_overrides/logging", "api_endpoint_overrides/serviceusage",
        "api_endpoint_overrides/cloudresourcemanager"})
    if (const auto given = environment.get(variable_of(property))) values[property] = *given;
  return Configuration(std::move(values));
}

std::string Configuration::value(const std::string& name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? "" : found->second;
}

Setting project_of(const std::string& given, const Environment& environment,
                   const Configuration& configuration, const std::string& of_file) {
  if (!given.empty()) return {given, "--project"};
  if (auto found = first_of(environment, {"GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT"}); !found.value.empty())
    return found;
  if (!of_file.empty()) return {of_file, "the credentials' file"};
  return {configuration.value("core/project"), "gcloud's configuration"};
}

Setting region_of(const std::string& given, const Environment& environment,
                  const Configuration& configuration) {
  if (!given.empty()) return {given, "--region"};
  if (auto found = first_of(environment, {"GOOGLE_CLOUD_REGION"}); !found.value.empty()) return found;
  for (const char* name : {"run/region", "functions/region", "compute/region"})
    if (auto value = configuration.value(name); !value.empty()) return {value, "gcloud's configuration"};
  return {};
}

}  // namespace lambdapool::gcp
