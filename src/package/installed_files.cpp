#include "package/installed_files.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>

#include "package/copied_paths.hpp"
#include "package/leftover.hpp"

namespace lambdapool::package {

namespace {

namespace fs = std::filesystem;

std::string read_text(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << in.rdbuf();
  return bytes.str();
}

bool is_installers_note(const fs::path& path, const fs::path& dir) {
  static constexpr const char* notes[] = {"INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json",
                                          "uv_build.json"};
  const fs::path name = path.filename();
  if (path == dir / ".lock") return true;
  return path.parent_path().extension() == ".dist-info" &&
         std::any_of(std::begin(notes), std::end(notes), [&](const char* note) { return name == note; });
}

bool is_host_script(const ZipEntry& entry) {
  if (entry.name.rfind("bin/", 0) != 0 || !entry.executable) return false;
  std::ifstream in(std::get<fs::path>(entry.content), std::ios::binary);
  std::string first, second;
  std::getline(in, first);
  std::getline(in, second);
  const bool by_shell = second.find("exec' ") != std::string::npos;  // where the interpreter's path is long
  return first.starts_with("#!") && (by_shell || first.find("python") != std::string::npos);
}

bool is_record(const std::string& name) {
  static constexpr std::string_view ending = ".dist-info/RECORD";
  return name.size() > ending.size() && name.compare(name.size() - ending.size(), ending.size(), ending) == 0;
}

// A line of RECORD: a file, and what is said of it.
struct Recorded {
  std::string name;
  std::string rest;
};

// pip writes where a file was before --target moved it, seen from lib/python: "../x" is lib/x.
Recorded recorded(const std::string& line) {
  const bool quoted = line.starts_with('"');
  const std::size_t end = quoted ? line.find('"', 1) : line.find(',');
  std::string name = quoted ? line.substr(1, end - 1) : line.substr(0, end);
  if (name.starts_with("../")) name = (fs::path("lib/python") / name).lexically_normal().string();
  if (end == std::string::npos) return {name, ""};
  return {quoted ? "\"" + name + "\"" : name, line.substr(quoted ? end + 1 : end)};
}

std::string file_of(const Recorded& line) {
  return line.name.starts_with('"') ? line.name.substr(1, line.name.size() - 2) : line.name;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> all;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (!line.empty()) all.push_back(line);
  }
  return all;
}

// RECORD lists what was installed; it keeps the lines of the files that are still there.
std::string kept_lines(const std::string& record, const std::set<std::string>& names) {
  std::set<std::string> kept;
  for (const std::string& line : lines_of(record)) {
    const Recorded entry = recorded(line);
    if (names.count(file_of(entry)) != 0) kept.insert(entry.name + entry.rest);
  }
  std::string text;
  for (const auto& line : kept) text += line + "\n";
  return text;
}

std::string normalized(std::string name) {
  for (char& c : name)
    c = c == '-' || c == '.' ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return name;
}

bool has_portable_tag(const std::string& wheel) {
  std::istringstream lines(wheel);
  bool tagged = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind("Tag: ", 0) != 0) continue;
    tagged = true;
    const std::string platform = line.substr(line.rfind('-') + 1);
    if (platform.rfind("any", 0) == 0 || platform.rfind("manylinux", 0) == 0) return true;
  }
  return !tagged;
}

}  // namespace

Result<std::vector<ZipEntry>> installed_files(const fs::path& dir) {
  std::vector<ZipEntry> entries;
  std::error_code error;
  if (!fs::exists(dir, error)) return entries;  // requirements that asked for nothing
  if (auto copied = copy_directory(
          dir, "", [&](const fs::path& path) { return is_bytecode(path) || is_installers_note(path, dir); },
          entries);
      !copied)
    return tl::unexpected(std::move(copied.error()));
  entries.erase(std::remove_if(entries.begin(), entries.end(), is_host_script), entries.end());
  std::set<std::string> names;
  for (const auto& entry : entries) names.insert(entry.name);
  for (auto& entry : entries)
    if (is_record(entry.name))
      entry.content = kept_lines(read_text(std::get<fs::path>(entry.content)), names);
  return entries;
}

Result<void> check_whole(const fs::path& dir) {
  std::error_code error;
  for (fs::directory_iterator it(dir, error), end; !error && it != end; it.increment(error)) {
    if (it->path().extension() != ".dist-info") continue;
    for (const auto& line : lines_of(read_text(it->path() / "RECORD"))) {
      const std::string name = file_of(recorded(line));
      std::error_code unseen;
      if (name.empty() || name.starts_with('/') || name.ends_with(".pyc") || fs::exists(dir / name, unseen))
        continue;
      return fail(ErrorKind::invalid_argument,
                  "The installer left out " + name + " of " + it->path().stem().string() +
                      ", so the function would lack it; another installer may keep it (uv, or a newer pip).");
    }
  }
  return {};
}

std::vector<std::string> compiled_here(const fs::path& dir, const std::vector<std::string>& built) {
  std::vector<std::string> compiled;
  std::error_code error;
  for (fs::directory_iterator it(dir, error), end; !error && it != end; it.increment(error)) {
    if (it->path().extension() != ".dist-info") continue;
    const std::string stem = it->path().stem().string();
    const std::string name = stem.substr(0, stem.find('-'));
    const std::string origin = read_text(it->path() / "direct_url.json");
    const bool from_sources = (!origin.empty() && origin.find(".whl") == std::string::npos) ||
                              std::any_of(built.begin(), built.end(), [&](const auto& each) {
                                return normalized(each) == normalized(name);
                              });
    if (from_sources && !has_portable_tag(read_text(it->path() / "WHEEL"))) compiled.push_back(name);
  }
  std::sort(compiled.begin(), compiled.end());
  return compiled;
}

}  // namespace lambdapool::package
