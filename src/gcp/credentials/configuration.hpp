// What Google's own tools know of this user: gcloud's configuration, and the variables that they read.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "core/environment.hpp"

namespace lambdapool::gcp {

// "section/name" -> value, of the configuration that is active in `environment`: its file's, then the
// variables CLOUDSDK_SECTION_NAME over it. What cannot be read is not there.
class Configuration {
 public:
  static Configuration of(const Environment& environment);
  explicit Configuration(std::map<std::string, std::string> values) : values_(std::move(values)) {}

  std::string value(const std::string& name) const;  // "" where it is not set

 private:
  std::map<std::string, std::string> values_;
};

std::filesystem::path gcloud_directory(const Environment& environment);

std::map<std::string, std::string> parse_properties(std::string_view text);  // of a configuration's file

// Where a name comes from decides nothing but what an error says.
struct Setting {
  std::string value = {};
  std::string from = {};
};
// Explicitly, by the variables, by the key's file, by gcloud. An empty value: nothing says.
Setting project_of(const std::string& given, const Environment& environment,
                   const Configuration& configuration, const std::string& of_file);
Setting region_of(const std::string& given, const Environment& environment,
                  const Configuration& configuration);

}  // namespace lambdapool::gcp
