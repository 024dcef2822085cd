#include "package/copied_paths.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <map>
#include <utility>

#include "package/leftover.hpp"

namespace lambdapool::package {

namespace {

namespace fs = std::filesystem;

constexpr int depth_max = 100;

tl::unexpected<Error> cannot_read(const fs::path& path, const std::error_code& error) {
  return fail(ErrorKind::io, "Can't read " + path.string() + ": " + error.message() + ".");
}

bool is_inside(const fs::path& path, const fs::path& root) {
  const auto [end, ignored] = std::mismatch(root.begin(), root.end(), path.begin(), path.end());
  return end == root.end();
}

// Copying a tree, one directory at a time. A directory that is inside itself, by a link, would never end.
class Tree {
 public:
  using LeaveOut = std::function<bool(const fs::path& path, const std::string& name)>;

  // `roots`: where links may lead without a word; empty: anywhere.
  Tree(LeaveOut leave_out, std::vector<ZipEntry>& entries, std::vector<fs::path> roots = {},
       Progress progress = {})
      : leave_out_(std::move(leave_out)),
        entries_(entries),
        roots_(std::move(roots)),
        progress_(std::move(progress)) {}

  Result<void> add(fs::path path, const std::string& name, int depth) {
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (status.type() == fs::file_type::not_found)
      return fail(ErrorKind::invalid_argument,
                  path.string() + " is a link to something that does not exist.");
    if (error == std::errc::too_many_symbolic_link_levels || depth > depth_max)
      return fail(ErrorKind::invalid_argument, path.string() + " is a link that leads round in circles.");
    if (error) return cannot_read(path, error);
    if (depth > 0) path = told_if_elsewhere(std::move(path));
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

  // The path itself, or where it leads to if that is outside: what is there is judged by its real name.
  fs::path told_if_elsewhere(fs::path path) const {
    std::error_code error;
    if (roots_.empty() || !fs::is_symlink(path, error)) return path;
    fs::path real = fs::canonical(path, error);
    if (error || std::any_of(roots_.begin(), roots_.end(),
                             [&](const fs::path& root) { return is_inside(real, root); }))
      return path;
    if (progress_)
      progress_({Step::Kind::note,
                 "Following " + path.string() + " to " + real.string() + ", outside of the paths given..."});
    return real;
  }

  Result<void> add_listed(const fs::path& path, const std::string& name, int depth) {
    std::error_code error;
    fs::directory_iterator it(path, error);
    const std::size_t before = entries_.size();
    bool empty = true;
    for (const fs::directory_iterator end; !error && it != end; it.increment(error)) {
      empty = false;
      const std::string inside = (name.empty() ? "" : name + "/") + it->path().filename().string();
      if (leave_out_(it->path(), inside)) continue;
      if (auto added = add(it->path(), inside, depth + 1); !added) return added;
    }
    if (error) return cannot_read(path, error);
    if (empty && !name.empty() && entries_.size() == before) entries_.push_back({name + "/"});
    return {};
  }

  LeaveOut leave_out_;
  std::vector<ZipEntry>& entries_;
  std::vector<fs::path> roots_;
  Progress progress_;
  std::vector<Identity> inside_;  // the directories that are being copied, outermost first
};

// What was left out, in a line: each by its name, bytecode in a word.
class LeftOut {
 public:
  void add(const fs::path& path, const std::string& name) {
    if (is_bytecode(path))
      bytecode_ = true;
    else
      names_.push_back(name);
  }

  std::string line() const {
    std::string text;
    for (const auto& name : names_) text += (text.empty() ? "" : ", ") + name;
    if (bytecode_) text += text.empty() ? "caches of bytecode" : " and caches of bytecode";
    return text.empty() ? "" : "Leaving out " + text + "...";
  }

 private:
  std::vector<std::string> names_;
  bool bytecode_ = false;
};

bool is_module_name(const std::string& name) {
  return std::all_of(name.begin(), name.end(),
                     [](unsigned char c) { return c == '_' || c >= 0x80 || std::isalnum(c) != 0; }) &&
         std::isdigit(static_cast<unsigned char>(name.front())) == 0;
}

// Who gives "." thinks of what is in it, and then looks for that at the top.
void tell_where_it_lands(const fs::path& path, const std::string& name, const Progress& progress) {
  const fs::path last = path.has_filename() ? path.filename() : path.parent_path().filename();
  if (!progress || (last != "." && last != "..")) return;
  progress(
      {Step::Kind::note,
       "Note: what is in " + path.string() + " is under " + name + "/ in the function, " +
           (is_module_name(name) ? "to be imported as " + name + ".MODULE"
                                 : "where nothing can be imported, as " + name + " is no module's name") +
           "; give the files and directories in it to have them at the top."});
}

std::vector<fs::path> roots_of(const std::vector<fs::path>& paths) {
  std::vector<fs::path> roots;
  for (const auto& path : paths) {
    std::error_code error;
    roots.push_back(fs::canonical(path, error));
    if (error) roots.pop_back();
  }
  return roots;
}

}  // namespace

Result<std::string> name_in_function(const fs::path& path) {
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

Result<void> copy_directory(const fs::path& dir, const std::string& prefix,
                            const std::function<bool(const fs::path&)>& leave_out,
                            std::vector<ZipEntry>& entries) {
  return Tree([&](const fs::path& path, const std::string&) { return leave_out(path); }, entries)
      .add_directory(dir, prefix, 0);
}

Result<std::vector<ZipEntry>> copy_paths(const std::vector<fs::path>& paths, const Progress& progress) {
  std::vector<ZipEntry> entries;
  std::map<std::string, fs::path> named;
  LeftOut left_out;
  const auto leave_out = [&](const fs::path& path, const std::string& name) {
    const bool leftover = is_leftover(path);
    if (leftover) left_out.add(path, name);
    return leftover;
  };
  Tree tree(leave_out, entries, roots_of(paths), progress);
  for (const auto& path : paths) {
    std::error_code error;
    if (path.empty() || !fs::exists(fs::symlink_status(path, error)))
      return fail(ErrorKind::invalid_argument, "There is no file or directory " + path.string() + ".");
    auto name = name_in_function(path);
    if (!name) return tl::unexpected(std::move(name.error()));
    // A path given twice is one path; two that only share the name can't both have it.
    const auto [earlier, is_new] = named.emplace(*name, path);
    if (!is_new && fs::equivalent(earlier->second, path, error)) continue;
    if (!is_new)
      return fail(ErrorKind::invalid_argument, earlier->second.string() + " and " + path.string() +
                                                   " are both named " + *name +
                                                   "; only one can have that name in the function.");
    const fs::path plain = path.has_filename() ? path : path.parent_path();  // "dir/" would hide its name
    if (leave_out(plain, *name)) continue;
    if (progress) progress({Step::Kind::copying, *name});
    tell_where_it_lands(path, *name, progress);
    if (auto added = tree.add(plain, *name, 0); !added) return tl::unexpected(std::move(added.error()));
  }
  if (const auto line = left_out.line(); progress && !line.empty()) progress({Step::Kind::note, line});
  return entries;
}

}  // namespace lambdapool::package
