#include "package/requirements_file.hpp"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <optional>
#include <regex>
#include <sstream>
#include <utility>
#include <vector>

#include "core/encoding.hpp"
#include "core/write_all.hpp"
#include "package/requirements_text.hpp"

namespace lambdapool::package {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t included_max = 50;

struct Place {
  fs::path file;
  std::size_t line;
};

tl::unexpected<Error> refuse(const Place& place, const std::string& why) {
  return fail(ErrorKind::invalid_argument,
              place.file.string() + ", line " + std::to_string(place.line) + ": " + why + ".");
}

std::string trimmed(const std::string& text) {
  const auto begin = text.find_first_not_of(" \t");
  return begin == std::string::npos ? "" : text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
}

std::string unquoted(const std::string& text) {
  const bool quoted = text.size() > 1 && (text[0] == '"' || text[0] == '\'') && text.back() == text[0];
  return quoted ? text.substr(1, text.size() - 2) : text;
}

// Options that share a line (--no-index --find-links x), one by one. What stands behind -e ./lib belongs to
// it.
std::vector<std::string> single_options(const std::string& line) {
  static const std::regex next(R"([ \t]+(?=-))");
  if (!line.starts_with('-') || line.starts_with("-e") || line.starts_with("--editable")) return {line};
  return {std::sregex_token_iterator(line.begin(), line.end(), next, -1), std::sregex_token_iterator()};
}

// As pip and uv both take it.
std::string written(const fs::path& path) {
  const std::string text = path.string();
  return text.find(' ') == std::string::npos ? text : "file://" + percent_encode(text, Slash::keep);
}

// The value of "-r x", "-rx", "--requirement x" or "--requirement=x".
std::optional<std::string> option_value(const std::string& line, const std::string& short_name,
                                        const std::string& long_name) {
  if (line.starts_with(long_name) && line.size() > long_name.size() &&
      std::string(" \t=").find(line[long_name.size()]) != std::string::npos)
    return unquoted(trimmed(line.substr(long_name.size() + 1)));
  if (line.starts_with(short_name) && !line.starts_with("--") && line.size() > short_name.size())
    return unquoted(trimmed(line.substr(short_name.size())));
  return std::nullopt;
}

bool is_url(const std::string& text) { return text.find("://") != std::string::npos; }

class Flattening {
 public:
  Flattening(const Environment& environment, fs::path work)
      : environment_(environment), work_(std::move(work)) {}

  Result<std::string> file(const fs::path& path) {
    if (including_.size() >= included_max ||
        std::find(including_.begin(), including_.end(), path) != including_.end())
      return fail(ErrorKind::invalid_argument,
                  path.string() + " includes itself, directly or through others.");
    auto text = read_requirements_text(path);
    if (!text) return text;
    including_.push_back(path);
    std::string out;
    for (const auto& [number, source, physical] : logical_lines(*text, environment_)) {
      std::string between;
      for (const std::string& single : single_options(trimmed(source))) {
        auto plain = line(single, Place{path, number});
        if (!plain) return plain;
        out += std::exchange(between, "\n") + *plain;
      }
      out += std::string(physical, '\n');
    }
    including_.pop_back();
    return out;
  }

 private:
  Result<std::string> line(const std::string& source, const Place& place) {
    if (source.empty()) return source;
    if (const auto included = option_value(source, "-r", "--requirement")) {
      if (is_url(*included)) return source;
      return file(beside(place, *included));
    }
    if (const auto constraints = option_value(source, "-c", "--constraint")) {
      if (is_url(*constraints)) return source;
      return constraint(beside(place, *constraints));
    }
    if (const auto links = option_value(source, "-f", "--find-links")) {
      std::error_code error;
      const fs::path directory = beside(place, *links);
      return !is_url(*links) && fs::exists(directory, error) ? "--find-links " + written(directory) : source;
    }
    if (const auto editable = option_value(source, "-e", "--editable")) {
      if (is_url(*editable)) return *editable;
      return local(editable->starts_with('/') || editable->starts_with('.') ? *editable : "./" + *editable,
                   place);
    }
    if (source.starts_with('-')) return source;
    return requirement(source, place);
  }

  Result<std::string> requirement(const std::string& source, const Place& place) {
    static const std::regex by_name(R"(^([A-Za-z0-9][-A-Za-z0-9._]*\s*(?:\[[^\]]*\])?\s*@\s*)(.*)$)");
    static const std::regex file_url(R"(^file:(?!///)(?://(?:localhost)?)?(.*)$)");
    std::smatch parts;
    std::string name, rest = source;
    if (std::regex_match(source, parts, by_name)) {
      name = parts[1];
      rest = parts[2];
    }
    if (std::regex_match(rest, parts, file_url)) rest = parts[1];
    const std::string first = rest.substr(0, rest.find_first_of(" \t;"));
    const bool is_path = !is_url(rest) && (first.starts_with('.') || first.find('/') != std::string::npos ||
                                           first.ends_with(".whl"));
    if (!is_path) return source;
    auto path = local(rest, place);
    if (!path || name.empty()) return path;
    return name + (is_url(*path) ? "" : "file://") + *path;
  }

  // A path of a project or a wheel, with extras and options behind it: relative to the current directory, as
  // pip has it, or to the file that names it. Where it has spaces itself, as much is taken for it as there
  // is.
  Result<std::string> local(const std::string& source, const Place& place) {
    const auto shortest = std::min(source.find_first_of("[ \t;#"), source.size());
    std::error_code error;
    for (auto end = source.size(); end != std::string::npos; end = source.find_last_of("[ \t;#", end - 1)) {
      if (end == 0) break;
      if (source[end - 1] == ' ' || source[end - 1] == '\t') continue;
      const fs::path named = source.substr(0, end);
      for (const fs::path& base : {fs::current_path(error), place.file.parent_path()}) {
        fs::path path = (base / named).lexically_normal();
        if (!fs::exists(path, error)) continue;
        if (!path.has_filename() && path.has_relative_path()) path = path.parent_path();
        return written(path) + source.substr(end);
      }
    }
    return refuse(place, "there is no " + source.substr(0, shortest));
  }

  Result<std::string> constraint(const fs::path& path) {
    auto text = file(path);
    if (!text) return text;
    const fs::path copy = work_ / ("constraints-" + std::to_string(++constraints_) + ".txt");
    if (const int error = write_new_file(copy.string(), *text); error != 0)
      return fail(ErrorKind::io, "Can't write " + copy.string() + ": " + system_reason(error) + ".");
    return "-c " + copy.string();
  }

  static fs::path beside(const Place& place, const std::string& named) {
    return (place.file.parent_path() / named).lexically_normal();
  }

  const Environment& environment_;
  fs::path work_;
  std::vector<fs::path> including_;
  int constraints_ = 0;
};

}  // namespace

Result<std::string> plain_requirements(const fs::path& file, const Environment& environment,
                                       const fs::path& work) {
  if (file.extension() == ".toml" || file.extension() == ".lock" || file.filename() == "Pipfile")
    return fail(ErrorKind::invalid_argument,
                file.string() +
                    " is not a requirements file as pip reads it; make one of it with 'uv export', "
                    "'poetry export' or 'pipenv requirements'.");
  std::error_code error;
  const fs::path absolute = fs::absolute(file, error);
  if (error) return fail(ErrorKind::io, "Can't read " + file.string() + ": " + error.message() + ".");
  return Flattening(environment, work).file(absolute.lexically_normal());
}

}  // namespace lambdapool::package
