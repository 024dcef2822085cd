#include "cli/project_file.hpp"

#include <algorithm>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <sstream>

#include "cli/toml11.hpp"
#include "core/suggestion.hpp"
#include "core/toml_nesting.hpp"
#include "core/trusted_file.hpp"
#include "core/utf8.hpp"
#include "deploy/function/settings.hpp"

namespace lambdapool::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* file_name = "lambdapool.toml";

// A refusal on its way to the edge of this file; toml11 throws too.
struct Refused {
  std::string message;
};

[[noreturn]] void refuse(const fs::path& file, const toml::value& at, const std::string& why) {
  throw Refused{file.string() + ":" + std::to_string(line_of(at)) + ": " + why + "."};
}

class Reader {
 public:
  Reader(fs::path file, const deploy::FunctionLimits& limits)
      : file_(std::move(file)), directory_(file_.parent_path()), limits_(limits) {}

  FunctionOptions function(const std::string& name, const toml::value& table) const {
    if (!table.is_table()) refuse(file_, table, "functions." + name + " is not a table");
    FunctionOptions options;
    options.name = name;
    for (const auto& [key, value] : table.as_table()) {
      const auto known = readers().find(key);
      if (known == readers().end())
        refuse(file_, value, "function " + name + " has no setting '" + key + "'" + instead_of(key));
      known->second(*this, value, options);
      FunctionOptions alone;
      alone.name = name;
      known->second(*this, value, alone);
      judge(value, alone);
    }
    return options;
  }

 private:
  // By the command line's rules, with the line; whether paths exist only matters once they are used.
  void judge(const toml::value& value, const FunctionOptions& options) const {
    const auto valid = deploy::validate_values(options, limits_);
    if (valid) return;
    std::string why = valid.error().message;
    if (!why.empty() && why.back() == '.') why.pop_back();
    refuse(file_, value, why);
  }

  using Set = std::function<void(const Reader&, const toml::value&, FunctionOptions&)>;

  std::string text(const toml::value& value) const {
    if (!value.is_string()) refuse(file_, value, "a text in quotes is wanted here");
    return value.as_string();
  }

  int number(const toml::value& value) const {
    if (!value.is_integer() || value.as_integer() != static_cast<int>(value.as_integer()))
      refuse(file_, value, "a whole number is wanted here");
    return static_cast<int>(value.as_integer());
  }

  std::vector<std::string> texts(const toml::value& value) const {
    if (!value.is_array()) refuse(file_, value, "a list of texts is wanted here");
    std::vector<std::string> list;
    for (const auto& item : value.as_array()) list.push_back(text(item));
    return list;
  }

  std::map<std::string, std::string> pairs(const toml::value& value) const {
    if (!value.is_table()) refuse(file_, value, "a table of texts is wanted here");
    std::map<std::string, std::string> map;
    for (const auto& [key, item] : value.as_table()) map[key] = text(item);
    return map;
  }

  std::string path(const std::string& name) const { return (directory_ / name).lexically_normal().string(); }

  deploy::Reservation reservation(const toml::value& value) const {
    if (value.is_string() && text(value) == "none") return {};
    if (!value.is_integer()) refuse(file_, value, "a whole number or \"none\" is wanted here");
    return {number(value)};
  }

  void add_paths(const toml::value& value, FunctionOptions& options) const {
    for (const std::string& name : texts(value)) options.paths.push_back(path(name));
  }

  void add_policies(const toml::value& value, FunctionOptions& options) const {
    options.policies.emplace();
    for (const std::string& policy : texts(value))
      options.policies->push_back(policy.starts_with("arn:") ? policy : path(policy));
  }

  void add_environment(const toml::value& value, FunctionOptions& options) const {
    options.environment = pairs(value);
    options.whole_environment = true;
  }

  // For the pools that call the function (python/lambdapool/deployed_code.py).
  void check_stale(const toml::value& value, FunctionOptions&) const {
    const std::string mode = text(value);
    if (mode != "error" && mode != "warn" && mode != "ignore" && mode != "update")
      refuse(file_, value, "stale is one of error, warn, ignore, update, not '" + mode + "'");
  }

  template <auto Member, auto Read>
  static Set setting() {
    return [](const Reader& reader, const toml::value& value, FunctionOptions& options) {
      options.*Member = (reader.*Read)(value);
    };
  }

  template <auto Add>
  static Set special() {
    return [](const Reader& reader, const toml::value& value, FunctionOptions& options) {
      (reader.*Add)(value, options);
    };
  }

  // Of a ladder the least: pools deploy the others (python/lambdapool/connection.py).
  void add_memory(const toml::value& value, FunctionOptions& options) const {
    if (!value.is_array()) {
      options.memory_mb = number(value);
      return;
    }
    int largest = 0;
    options.memory_mb.reset();
    for (const auto& size : value.as_array()) {
      FunctionOptions rung;
      rung.name = options.name;
      rung.memory_mb = number(size);
      judge(size, rung);
      if (largest >= *rung.memory_mb) refuse(file_, size, "several sizes of memory must grow");
      if (!options.memory_mb) options.memory_mb = rung.memory_mb;
      largest = *rung.memory_mb;
    }
    if (!options.memory_mb) refuse(file_, value, "a size of memory is wanted here, or several that grow");
  }

  std::string requirements_path(const toml::value& value) const {
    return text(value).empty() ? "" : path(text(value));
  }

  static const std::map<std::string, Set>& readers() {
    using Options = FunctionOptions;
    static const std::map<std::string, Set> all = {
        {"paths", special<&Reader::add_paths>()},
        {"requirements", setting<&Options::requirements, &Reader::requirements_path>()},
        {"allow-secrets", setting<&Options::allowed_secrets, &Reader::texts>()},
        {"memory", special<&Reader::add_memory>()},
        {"timeout", setting<&Options::timeout_s, &Reader::number>()},
        {"stale", special<&Reader::check_stale>()},
        {"layers", setting<&Options::layers, &Reader::texts>()},
        {"runtime", setting<&Options::runtime, &Reader::text>()},
        {"architecture", setting<&Options::architecture, &Reader::text>()},
        {"ephemeral-storage", setting<&Options::ephemeral_mb, &Reader::number>()},
        {"response-mode", setting<&Options::response_mode, &Reader::text>()},
        {"description", setting<&Options::description, &Reader::text>()},
        {"env", special<&Reader::add_environment>()},
        {"tags", setting<&Options::tags, &Reader::pairs>()},
        {"subnets", setting<&Options::subnets, &Reader::texts>()},
        {"security-groups", setting<&Options::security_groups, &Reader::texts>()},
        {"concurrency", setting<&Options::concurrency, &Reader::reservation>()},
        {"per-instance", setting<&Options::per_instance, &Reader::number>()},
        {"role", setting<&Options::role, &Reader::text>()},
        {"service-account", setting<&Options::service_account, &Reader::text>()},
        {"policies", special<&Reader::add_policies>()},
        {"bucket", setting<&Options::bucket, &Reader::text>()}};
    return all;
  }

  static std::string instead_of(const std::string& typed) {
    std::vector<std::string> known;
    std::string text;
    for (const auto& [name, ignored] : readers()) {
      known.push_back(name);
      text += (text.empty() ? "" : ", ") + name;
    }
    const std::string meant = suggestion(typed, known);
    return (meant.empty() ? "; there are " : meant + " There are ") + text;
  }

  fs::path file_;
  fs::path directory_;
  const deploy::FunctionLimits& limits_;
};

// toml11 explains itself in several lines with a picture, the first of which has what went wrong, behind the
// name of its own function; some end in a dot, some do not.
std::string first_line(const std::string& text) {
  const std::string line = text.substr(0, text.find('\n'));
  const auto function = line.find("toml::");
  const auto end = function == std::string::npos ? function : line.find(": ", function);
  std::string told = end == std::string::npos ? line : line.substr(end + 2);
  while (!told.empty() && (told.back() == '.' || told.back() == ' ')) told.pop_back();
  return told;
}

std::vector<FunctionOptions> functions_of(const fs::path& path, const toml::value& file,
                                          const deploy::FunctionLimits& limits) {
  const Reader reader(path, limits);
  std::vector<FunctionOptions> functions;
  for (const auto& [key, value] : file.as_table()) {
    if (key == "region" || key == "project") {
      if (!value.is_string()) refuse(path, value, "a text in quotes is wanted here");
      continue;
    }
    if (key != "functions" || !value.is_table())
      refuse(path, value,
             "'" + key +
                 "' is not known; there are region, project, and for each function a table [functions.NAME]");
    for (const auto& [name, table] : value.as_table()) functions.push_back(reader.function(name, table));
  }
  std::sort(functions.begin(), functions.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return functions;
}

FunctionOptions with_overrides(const FunctionOptions& base, const FunctionOptions& given) {
  FunctionOptions out = base;
  const auto take = [](auto& to, const auto& from) {
    if (from) to = from;
  };
  take(out.requirements, given.requirements);
  take(out.allowed_secrets, given.allowed_secrets);
  take(out.memory_mb, given.memory_mb);
  take(out.timeout_s, given.timeout_s);
  take(out.layers, given.layers);
  take(out.runtime, given.runtime);
  take(out.architecture, given.architecture);
  take(out.ephemeral_mb, given.ephemeral_mb);
  take(out.response_mode, given.response_mode);
  take(out.description, given.description);
  take(out.subnets, given.subnets);
  take(out.security_groups, given.security_groups);
  take(out.concurrency, given.concurrency);
  take(out.per_instance, given.per_instance);
  take(out.role, given.role);
  take(out.service_account, given.service_account);
  take(out.policies, given.policies);
  take(out.bucket, given.bucket);
  for (const auto& [name, value] : given.environment) out.environment[name] = value;
  for (const auto& [key, value] : given.tags) out.tags[key] = value;
  out.dry_run = given.dry_run;
  return out;
}

tl::unexpected<Error> not_named(const std::optional<ProjectFile>& file) {
  return fail(ErrorKind::invalid_argument,
              file ? file->path.string() + " has no functions; name one, or give it a [functions.NAME]."
                   : std::string("name a function, or list the project's in a ") + file_name + ".");
}

std::string not_listed(const ProjectFile& file, const std::string& name) {
  std::vector<std::string> names;
  for (const FunctionOptions& function : file.functions) names.push_back(function.name);
  const std::string meant = suggestion(name, names);
  return file.path.string() + " has no function " + name +
         (meant.empty() ? "; give its paths, or a [functions."
                        : meant + " Or give its paths, or a [functions.") +
         name + "].";
}

// toml11 compares iterators of two strings where it tells of bytes that are not UTF-8.
Result<std::string> read_utf8(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file) return fail(ErrorKind::invalid_argument, path.string() + " could not be read.");
  int number = 1;
  for (std::string_view rest = text; !rest.empty(); ++number) {
    const auto line = rest.substr(0, rest.find('\n'));
    if (!utf8::is_valid(line))
      return fail(ErrorKind::invalid_argument,
                  path.string() + ":" + std::to_string(number) + ": this is not TOML: it is not UTF-8.");
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
  }
  return text;
}

}  // namespace

const FunctionOptions* ProjectFile::find(const std::string& name) const {
  const auto found =
      std::find_if(functions.begin(), functions.end(), [&](const auto& f) { return f.name == name; });
  return found == functions.end() ? nullptr : &*found;
}

Result<ProjectFile> read_project_file(const fs::path& path, const deploy::FunctionLimits& limits) {
  auto text = read_utf8(path);
  if (!text) return tl::unexpected(std::move(text.error()));
  if (const auto line = line_nested_too_deep(*text))
    return fail(ErrorKind::invalid_argument, path.string() + ":" + std::to_string(*line) +
                                                 ": this is nested more than " +
                                                 std::to_string(toml_nesting_max) + " deep.");
  try {
    std::istringstream in(std::move(*text));
    return ProjectFile{path, functions_of(path, toml::parse(in, path.string()), limits)};
  } catch (const Refused& refused) {
    return fail(ErrorKind::invalid_argument, refused.message);
  } catch (const TomlMistake& error) {
    return fail(ErrorKind::invalid_argument, path.string() + ":" + std::to_string(line_of(error)) +
                                                 ": this is not TOML: " + first_line(error.what()) + ".");
  } catch (const std::exception& error) {
    return fail(ErrorKind::invalid_argument,
                path.string() + " could not be read: " + first_line(error.what()) + ".");
  }
}

Result<std::optional<ProjectFile>> find_project_file(const fs::path& from, const Environment& environment,
                                                     const deploy::FunctionLimits& limits) {
  const auto path = find_trusted_above(from, file_name, environment);
  if (!path) return tl::unexpected(path.error());
  if (!*path) return std::optional<ProjectFile>{};
  auto file = read_project_file(**path, limits);
  if (!file) return tl::unexpected(std::move(file.error()));
  return std::optional(std::move(*file));
}

Result<std::vector<FunctionOptions>> asked_functions(const FunctionOptions& given, Beside beside,
                                                     const Environment& environment,
                                                     const deploy::FunctionLimits& limits) {
  const bool named = !given.name.empty();
  if (named && !given.paths.empty()) return std::vector{given};
  std::error_code error;
  const auto from = fs::current_path(error);
  if (error)
    return fail(ErrorKind::io, "the current directory is not there any more (" + error.message() +
                                   "); change to another one.");
  const auto file = find_project_file(from, environment, limits);
  if (!file) return tl::unexpected(file.error());
  if (named && *file)
    if (const FunctionOptions* entry = (*file)->find(given.name))
      return std::vector{with_overrides(*entry, given)};
  if (named && *file && beside == Beside::nothing)
    return fail(ErrorKind::invalid_argument, not_listed(**file, given.name));
  if (named) return std::vector{given};
  if (!*file || (*file)->functions.empty()) return not_named(*file);
  std::vector<FunctionOptions> all;
  for (const FunctionOptions& entry : (*file)->functions) all.push_back(with_overrides(entry, given));
  return all;
}

Result<std::vector<deploy::JudgedRequest>> judge_each(
    const deploy::Connection& connection, const std::vector<FunctionOptions>& functions,
    Result<deploy::JudgedRequest> (*judge)(const deploy::Connection&, deploy::FunctionRequest,
                                           const deploy::StopToken&),
    const deploy::StopToken& stop) {
  std::vector<deploy::JudgedRequest> judged;
  for (const FunctionOptions& function : functions) {
    auto one = judge(connection, function, stop);
    if (!one) return tl::unexpected(std::move(one.error()));
    judged.push_back(std::move(*one));
  }
  return judged;
}

Result<void> each_in_turn(const std::vector<deploy::JudgedRequest>& functions,
                          const std::function<Result<void>(const deploy::JudgedRequest&)>& action) {
  for (auto it = functions.begin(); it != functions.end(); ++it) {
    const auto done = action(*it);
    if (done || functions.size() == 1) {
      if (!done) return done;
      continue;
    }
    Error error = done.error();
    if (!error.message.empty() && error.message.back() == '.') error.message.pop_back();
    if (error.message.find("function " + it->asked.name) == std::string::npos)
      error.message.insert(0, "function " + it->asked.name + ": ");
    std::string rest;
    for (auto left = it + 1; left != functions.end(); ++left)
      rest += (rest.empty() ? "" : ", ") + left->asked.name;
    error.message += rest.empty() ? "." : "; not tried: " + rest + ".";
    return tl::unexpected(std::move(error));
  }
  return {};
}

}  // namespace lambdapool::cli
