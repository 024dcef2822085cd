// AWS's shared files, ~/.aws/config and ~/.aws/credentials, read as botocore reads them.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/environment.hpp"
#include "core/error.hpp"

namespace lambdapool::aws {

struct Property {
  std::string value;
  std::map<std::string, std::string> nested = {};  // the indented "name = value" lines under an empty value
};

// Property names are lower case.
class Section {
 public:
  const Property* find(const std::string& name) const;
  std::string get(const std::string& name) const;  // "" where it is absent
  Property* set(std::string name, Property property);
  void merge(const Section& other);  // the other's properties win
  const std::map<std::string, Property>& properties() const { return properties_; }

 private:
  std::map<std::string, Property> properties_;
};

class ConfigFile {
 public:
  // In the config file a profile's section is [profile NAME] or [default], in the credentials file [NAME].
  enum class Kind { config, credentials };

  static Result<ConfigFile> parse(Kind kind, std::string_view text, const std::string& name_in_errors);
  static Result<ConfigFile> read(Kind kind, const std::filesystem::path& path);  // a missing file is empty

  const Section* profile(const std::string& name) const;
  const Section* services(const std::string& name) const;     // [services NAME]
  const Section* sso_session(const std::string& name) const;  // [sso-session NAME]

 private:
  std::map<std::string, Section> profiles_;
  std::map<std::string, Section> services_;
  std::map<std::string, Section> sso_sessions_;
};

// Both files' view of one profile.
struct Profile {
  std::string name = {};
  bool named = false;   // by an argument or AWS_PROFILE, rather than "default" for want of a name
  bool exists = false;  // in either file
  Section config = {};
  Section credentials = {};
  Section merged = {};                // the credentials file's properties win
  Section services = {};              // the [services] section that the profile names
  std::string missing_services = {};  // its name, where there is no such section
  std::filesystem::path config_path = {};
  std::filesystem::path credentials_path = {};
};

// Both files, read once.
class SharedFiles {
 public:
  // Error kind credentials: a file that cannot be read or understood.
  static Result<SharedFiles> read(const Environment& environment);

  Profile profile(const std::string& name) const;
  // The profile `wanted`, else AWS_PROFILE's, else "default". Error kind credentials: it was named and is in
  // neither file.
  Result<Profile> chosen(const std::optional<std::string>& wanted, const Environment& environment) const;
  const Section* sso_session(const std::string& name) const { return config_.sso_session(name); }
  const std::filesystem::path& config_path() const { return config_path_; }

 private:
  ConfigFile config_;
  ConfigFile credentials_;
  std::filesystem::path config_path_;
  std::filesystem::path credentials_path_;
};

// SharedFiles::read() and chosen() at once.
Result<Profile> load_profile(const std::optional<std::string>& wanted, const Environment& environment);

}  // namespace lambdapool::aws
