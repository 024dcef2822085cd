#include "package/copied_paths.hpp"

#include <fnmatch.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <utility>

namespace lambdapool::package {

namespace {

namespace fs = std::filesystem;

constexpr std::array bytecode_patterns = {"__pycache__", "*.pyc", "*.pyo"};
constexpr std::array leftover_patterns = {".git",
                                          ".hg",
                                          ".svn",
                                          ".bzr",
                                          ".DS_Store",
                                          "._*",
                                          "Thumbs.db",
                                          ".venv",
                                          "node_modules",
                                          "*~",
                                          ".*.sw?",
                                          "#*#",
                                          ".#*",
                                          ".idea",
                                          ".vscode",
                                          ".tox",
                                          ".nox",
                                          ".coverage",
                                          ".mypy_cache",
                                          ".pytest_cache",
                                          ".ruff_cache",
                                          ".hypothesis",
                                          ".ipynb_checkpoints"};
constexpr int depth_max = 100;

template <class Patterns>
bool matches(const fs::path& name, const Patterns& patterns) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const char* pattern) { return fnmatch(pattern, name.c_str(), 0) == 0; });
}

tl::unexpected<Error> cannot_read(const fs::path& path, const std::error_code& error) {
  return fail(ErrorKind::io, "Can't read " + path.string() + ": " + error.message() + ".");
}

// Copying a tree, one directory at a time. A directory that is inside itself, by a link, would never end.
class Tree {
 public:
  Tree(bool (*leave_out)(const fs::path&), std::vector<ZipEntry>& entries)
      : leave_out_(leave_out), entries_(entries) {}

  Result<void> add(const fs::path& path, const std::string& name, int depth) {
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (status.type() == fs::file_type::not_found)
      return fail(ErrorKind::invalid_argument,
                  path.string() + " is a link to something that does not exist.");
    if (error == std::errc::too_many_symbolic_link_levels || depth > depth_max)
      return fail(ErrorKind::invalid_argument, path.string() + " is a link that leads round in circles.");
    if (error) return cannot_read(path, error);
    if (fs::is_directory(status)) return add_directory(path, name, depth);
    if (!fs::is_regular_file(status))
      return fail(ErrorKind::invalid_argument,
                  path.string() + " is neither a file nor a directory and can't be part of a function.");
    if (entries_.size() >= zip_entries_max)
      return fail(ErrorKind::payload_too_large,
                  "There are more than " + std::to_string(zip_entries_max) + " files to copy, in " +
                      path.parent_path().string() +
                      " and elsewhere, too many to unpack when a function starts: pack them into fewer.");
    const bool executable = (status.permissions() & fs::perms::owner_exec) != fs::perms::none;
    entries_.push_back({name, executable, path});
    return {};
  }

  Result<void> add_directory(const fs::path& path, const std::string& name, int depth) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return cannot_read(path, {errno, std::generic_category()});
    const Identity self{status.st_dev, status.st_ino};
    if (std::find(inside_.begin(), inside_.end(), self) != inside_.end())
      return fail(ErrorKind::invalid_argument,
                  path.string() + " is a link to a directory that it is itself in; remove the link.");
    inside_.push_back(self);
    auto added = add_listed(path, name, depth);
    inside_.pop_back();
    return added;
  }

 private:
  using Identity = std::pair<dev_t, ino_t>;

  Result<void> add_listed(const fs::path& path, const std::string& name, int depth) {
    std::error_code error;
    fs::directory_iterator it(path, error);
    const std::size_t before = entries_.size();
    bool empty = true;
    for (const fs::directory_iterator end; !error && it != end; it.increment(error)) {
      empty = false;
      if (leave_out_(it->path())) continue;
      const std::string inside = (name.empty() ? "" : name + "/") + it->path().filename().string();
      if (auto added = add(it->path(), inside, depth + 1); !added) return added;
    }
    if (error) return cannot_read(path, error);
    if (empty && !name.empty() && entries_.size() == before) entries_.push_back({name + "/"});
    return {};
  }

  bool (*leave_out_)(const fs::path&);
  std::vector<ZipEntry>& entries_;
  std::vector<Identity> inside_;  // the directories that are being copied, outermost first
};

// "algorithms/" is algorithms, and "." the directory's real name.
Result<std::string> own_name(const fs::path& path) {
  fs::path name = path.filename();
  if (name.empty()) name = path.parent_path().filename();
  if (name == "." || name == ".." || name.empty()) {
    std::error_code error;
    name = fs::canonical(path, error).filename();
    if (error) return cannot_read(path, error);
  }
  if (name.empty() || name == "/")
    return fail(ErrorKind::invalid_argument,
                path.string() + " has no name that it could have in the function.");
  return name.string();
}

}  // namespace

bool is_bytecode(const fs::path& path) { return matches(path.filename(), bytecode_patterns); }

bool is_leftover(const fs::path& path) {
  std::error_code error;
  return is_bytecode(path) || matches(path.filename(), leftover_patterns) ||
         fs::exists(path / "pyvenv.cfg", error);
}

Result<void> copy_directory(const fs::path& dir, const std::string& prefix,
                            bool (*leave_out)(const fs::path&), std::vector<ZipEntry>& entries) {
  return Tree(leave_out, entries).add_directory(dir, prefix, 0);
}

Result<std::vector<ZipEntry>> copy_paths(const std::vector<fs::path>& paths, const Progress& progress) {
  std::vector<ZipEntry> entries;
  std::map<std::string, fs::path> named;
  for (const auto& path : paths) {
    std::error_code error;
    if (path.empty() || !fs::exists(fs::symlink_status(path, error)))
      return fail(ErrorKind::invalid_argument, "There is no file or directory " + path.string() + ".");
    auto name = own_name(path);
    if (!name) return tl::unexpected(std::move(name.error()));
    // A path given twice is one path; two that only share the name can't both have it.
    const auto [earlier, is_new] = named.emplace(*name, path);
    if (!is_new && fs::equivalent(earlier->second, path, error)) continue;
    if (!is_new)
      return fail(ErrorKind::invalid_argument, earlier->second.string() + " and " + path.string() +
                                                   " are both named " + *name +
                                                   "; only one can have that name in the function.");
    const fs::path plain = path.has_filename() ? path : path.parent_path();  // "dir/" would hide its name
    if (is_leftover(plain)) {
      if (progress) progress("Leaving out " + *name + "...");
      continue;
    }
    if (progress) progress("Copying " + *name + "...");
    if (auto added = Tree(is_leftover, entries).add(plain, *name, 0); !added)
      return tl::unexpected(std::move(added.error()));
  }
  return entries;
}

}  // namespace lambdapool::package
