#include "aws/credentials/config_file.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "core/ascii.hpp"

namespace lambdapool::aws {

namespace {

using ascii::blanks;
using ascii::lower;
using ascii::trimmed;

std::string unquoted(std::string_view text) {
  const bool quoted =
      text.size() >= 2 && text.front() == text.back() && (text.front() == '"' || text.front() == '\'');
  return std::string(quoted ? text.substr(1, text.size() - 2) : text);
}

// The NAME of "[KIND NAME]".
std::optional<std::string> name_after(std::string_view kind, std::string_view header) {
  if (!header.starts_with(kind) || header.size() == kind.size()) return std::nullopt;
  const auto rest = header.substr(kind.size());
  if (blanks.find(rest.front()) == std::string_view::npos) return std::nullopt;
  return unquoted(trimmed(rest));
}

class Parser {
 public:
  using Sections = std::map<std::string, Section>;
  Parser(Sections& profiles, Sections& services, Sections& sso_sessions, ConfigFile::Kind kind)
      : profiles_(profiles), services_(services), sso_sessions_(sso_sessions), kind_(kind) {}

  // What is wrong with the line; "" if nothing is.
  std::string line(std::string_view raw) {
    const auto text = trimmed(raw);
    if (text.empty() || text.front() == '#' || text.front() == ';') return "";
    const bool indented = blanks.find(raw.front()) != std::string_view::npos;
    if (indented && property_ != nullptr) {
      continue_property(*property_, text);
      return "";
    }
    if (text.front() == '[') return header(text);
    if (!in_section_) return "there is a setting before the first [section]";
    const auto delimiter = text.find_first_of("=:");
    if (section_ == nullptr) return "";
    if (delimiter == std::string_view::npos || delimiter == 0)
      return "this is neither \"name = value\" nor a [section]";
    property_ = section_->set(lower(trimmed(text.substr(0, delimiter))),
                              {std::string(trimmed(text.substr(delimiter + 1)))});
    return "";
  }

 private:
  std::string header(std::string_view text) {
    const auto end = text.rfind(']');
    if (end == std::string_view::npos) return "a [section]'s closing bracket is missing";
    const auto name = trimmed(text.substr(1, end - 1));
    in_section_ = true;
    property_ = nullptr;
    section_ = nullptr;  // a section of a kind that nobody here reads
    if (kind_ == ConfigFile::Kind::credentials || name == "default") {
      section_ = &profiles_[std::string(name)];
    } else if (const auto profile = name_after("profile", name)) {
      section_ = &profiles_[*profile];
    } else if (const auto services = name_after("services", name)) {
      section_ = &services_[*services];
    } else if (const auto session = name_after("sso-session", name)) {
      section_ = &sso_sessions_[*session];
    }
    return "";
  }

  static void continue_property(Property& property, std::string_view text) {
    const auto delimiter = text.find_first_of("=:");
    if (property.value.empty() && delimiter != std::string_view::npos) {
      property.nested[lower(trimmed(text.substr(0, delimiter)))] = trimmed(text.substr(delimiter + 1));
    } else {
      property.value.append(property.value.empty() ? "" : "\n").append(text);
    }
  }

  Sections& profiles_;
  Sections& services_;
  Sections& sso_sessions_;
  ConfigFile::Kind kind_;
  bool in_section_ = false;
  Section* section_ = nullptr;
  Property* property_ = nullptr;  // the last one, which indented lines continue
};

const Section* find_section(const std::map<std::string, Section>& sections, const std::string& name) {
  const auto found = sections.find(name);
  return found == sections.end() ? nullptr : &found->second;
}

std::filesystem::path path_from(const Environment& environment, const char* variable, const char* file) {
  const auto given = environment.get(variable);
  if (!given) return environment.home_directory() / ".aws" / file;
  if (given->starts_with("~/")) return environment.home_directory() / given->substr(2);
  return *given;
}

}  // namespace

const Property* Section::find(const std::string& name) const {
  const auto found = properties_.find(name);
  return found == properties_.end() ? nullptr : &found->second;
}

std::string Section::get(const std::string& name) const {
  const auto* property = find(name);
  return property == nullptr ? "" : property->value;
}

Property* Section::set(std::string name, Property property) {
  auto& slot = properties_[std::move(name)];
  slot = std::move(property);
  return &slot;
}

void Section::merge(const Section& other) {
  for (const auto& [name, property] : other.properties_) properties_[name] = property;
}

Result<ConfigFile> ConfigFile::parse(Kind kind, std::string_view text, const std::string& name_in_errors) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  ConfigFile file;
  Parser parser(file.profiles_, file.services_, file.sso_sessions_, kind);
  for (int number = 1; !text.empty(); ++number) {
    const auto end = std::min(text.find('\n'), text.size());
    if (const auto wrong = parser.line(text.substr(0, end)); !wrong.empty()) {
      return fail(ErrorKind::credentials, name_in_errors + ", line " + std::to_string(number) + ": " + wrong);
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return file;
}

Result<ConfigFile> ConfigFile::read(Kind kind, const std::filesystem::path& path) {
  std::error_code error;
  const bool is_file = std::filesystem::is_regular_file(path, error);
  if (!is_file && error != std::errc::permission_denied) return ConfigFile();
  std::ifstream in(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  if (!in) return fail(ErrorKind::credentials, "cannot read " + path.string() + "; check its permissions");
  return parse(kind, text, path.string());
}

const Section* ConfigFile::profile(const std::string& name) const { return find_section(profiles_, name); }

const Section* ConfigFile::services(const std::string& name) const { return find_section(services_, name); }

const Section* ConfigFile::sso_session(const std::string& name) const {
  return find_section(sso_sessions_, name);
}

Result<SharedFiles> SharedFiles::read(const Environment& environment) {
  SharedFiles out;
  out.config_path_ = path_from(environment, "AWS_CONFIG_FILE", "config");
  out.credentials_path_ = path_from(environment, "AWS_SHARED_CREDENTIALS_FILE", "credentials");
  auto config = ConfigFile::read(ConfigFile::Kind::config, out.config_path_);
  if (!config) return tl::unexpected(std::move(config.error()));
  auto credentials = ConfigFile::read(ConfigFile::Kind::credentials, out.credentials_path_);
  if (!credentials) return tl::unexpected(std::move(credentials.error()));
  out.config_ = std::move(*config);
  out.credentials_ = std::move(*credentials);
  return out;
}

Profile SharedFiles::profile(const std::string& name) const {
  Profile out;
  out.name = name;
  out.config_path = config_path_;
  out.credentials_path = credentials_path_;
  const auto* in_config = config_.profile(name);
  const auto* in_credentials = credentials_.profile(name);
  out.exists = in_config != nullptr || in_credentials != nullptr;
  if (in_config != nullptr) out.config.merge(*in_config);
  if (in_credentials != nullptr) out.credentials.merge(*in_credentials);
  out.merged.merge(out.config);
  out.merged.merge(out.credentials);
  const std::string services = out.merged.get("services");
  if (const auto* section = config_.services(services))
    out.services.merge(*section);
  else
    out.missing_services = services;
  return out;
}

Result<Profile> SharedFiles::chosen(const std::optional<std::string>& wanted,
                                    const Environment& environment) const {
  auto name = wanted ? wanted : environment.get("AWS_DEFAULT_PROFILE");
  if (!name) name = environment.get("AWS_PROFILE");
  Profile out = profile(name.value_or("default"));
  out.named = name.has_value();
  if (out.exists || !out.named) return out;
  return fail(ErrorKind::credentials, "the profile \"" + out.name + "\" is neither in " +
                                          out.config_path.string() + " ([profile " + out.name + "]) nor in " +
                                          out.credentials_path.string() + " ([" + out.name + "])");
}

Result<Profile> load_profile(const std::optional<std::string>& wanted, const Environment& environment) {
  const auto files = SharedFiles::read(environment);
  if (!files) return tl::unexpected(files.error());
  return files->chosen(wanted, environment);
}

}  // namespace lambdapool::aws
