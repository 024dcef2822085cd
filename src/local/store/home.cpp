#include "local/store/home.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "core/utf8.hpp"
#include "sqlite/database.hpp"

namespace lambdapool::local {
namespace {

namespace fs = std::filesystem;

constexpr mode_t others_bits = S_IRWXG | S_IRWXO;

std::error_code last_error() { return {errno, std::generic_category()}; }

tl::unexpected<Error> refuse(const fs::path& home, const std::string& why, const std::string& way_out) {
  return fail(ErrorKind::io, "The home of the local Lambda, " + home.string() + ", is not used: " + why +
                                 "; " + way_out + ", or choose another directory with LAMBDAPOOL_HOME");
}

std::string octal(mode_t mode) {
  char text[16];
  std::snprintf(text, sizeof text, "%04o", mode & 07777U);
  return text;
}

// Whoever may write to a directory above may put another home in this one's place. In a sticky one such as
// /tmp they may not.
Result<void> check_above(const fs::path& home, const fs::path& real) {
  for (fs::path above = real.parent_path();; above = above.parent_path()) {
    struct stat status {};
    if (::stat(above.c_str(), &status) == 0 && (status.st_mode & S_IWOTH) != 0 &&
        (status.st_mode & S_ISVTX) == 0)
      return refuse(home,
                    "everybody can write to " + above.string() + " (mode " + octal(status.st_mode) + ")",
                    "run 'chmod o-w " + above.string() + "'");
    if (above == above.parent_path()) return {};
  }
}

// What earlier versions, or an open umask, have left readable.
Result<void> close_inside(const fs::path& home) {
  std::error_code error;
  for (fs::directory_iterator entry(home, error), end; !error && entry != end; entry.increment(error)) {
    struct stat status {};
    if (::lstat(entry->path().c_str(), &status) != 0) continue;  // another service has just removed it
    if (S_ISLNK(status.st_mode)) continue;                       // without modes; somebody's larger disk
    if (status.st_uid != ::geteuid())
      return refuse(home, entry->path().filename().string() + " in it belongs to another user",
                    "remove that");
    if ((status.st_mode & others_bits) == 0) continue;
    if (::chmod(entry->path().c_str(), status.st_mode & ~others_bits) != 0 && errno != ENOENT)
      return refuse(home, "its modes can't be changed (" + last_error().message() + ")", "mend that");
  }
  if (error) return refuse(home, "it can't be read (" + error.message() + ")", "mend that");
  return {};
}

std::error_code make_one(const fs::path& directory, std::vector<fs::path>& made) {
  if (::mkdir(directory.c_str(), S_IRWXU) == 0) {
    made.push_back(directory);
    return ::chmod(directory.c_str(), S_IRWXU) == 0 ? std::error_code() : last_error();  // a umask of 777
  }
  if (errno != EEXIST) return last_error();
  std::error_code error;
  if (fs::is_directory(directory, error)) return {};
  return error ? error : std::make_error_code(std::errc::not_a_directory);
}

// What cannot be made although its parent is there, such as in /proc, is not tried for ever.
std::error_code make_with_parents(const fs::path& directory, std::vector<fs::path>& made) {
  const auto error = make_one(directory, made);
  const fs::path parent = directory.parent_path();
  if (error != std::errc::no_such_file_or_directory || parent.empty() || parent == directory) return error;
  if (const auto above = make_with_parents(parent, made)) return above;
  return make_one(directory, made);
}

// What the files in it, and the JSON that names them to workers, can take.
Result<void> check_path(const fs::path& home) {
  const std::string& path = home.string();
  constexpr std::size_t most = sqlite::path_bytes_max - std::string_view("/lambdapool.db").size();
  if (path.size() > most)
    return fail(ErrorKind::io,
                "The path of the local Lambda's home is too long: it has " + std::to_string(path.size()) +
                    " bytes, and SQLite takes at most " + std::to_string(most) +
                    " of it; choose a shorter one with LAMBDAPOOL_HOME (it is " + utf8::escaped(path) + ")");
  if (!utf8::is_valid(path))
    return fail(ErrorKind::io, "The path of the local Lambda's home, " + utf8::escaped(path) +
                                   ", is not UTF-8, which workers could not be told; choose another "
                                   "directory with LAMBDAPOOL_HOME");
  return {};
}

}  // namespace

std::error_code make_private_directories(const fs::path& directory) {
  std::vector<fs::path> made;
  const auto error = make_with_parents(directory, made);
  for (; error && !made.empty(); made.pop_back()) ::rmdir(made.back().c_str());
  return error;
}

Result<void> secure_home(const fs::path& home) {
  if (auto fits = check_path(home); !fits) return fits;
  if (const auto error = make_private_directories(home))
    return fail(ErrorKind::io, "The local Lambda cannot create its home " + home.string() + ": " +
                                   error.message() + "; choose another directory with LAMBDAPOOL_HOME");
  std::error_code error;
  const fs::path real = fs::canonical(home, error);
  struct stat status {};
  if (error || ::stat(real.c_str(), &status) != 0)
    return refuse(home, "it can't be read (" + (error ? error : last_error()).message() + ")", "mend that");
  if (status.st_uid != ::geteuid())
    return refuse(home, "it belongs to another user", "take it over with chown");
  if (auto checked = check_above(home, real); !checked) return checked;
  const bool empty = fs::is_empty(real, error);
  if (!empty && (status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return refuse(home, "other users can write to it (mode " + octal(status.st_mode) + ")",
                  "make sure that all in it is yours and run 'chmod 700 " + home.string() + "'");
  // A directory that is used for something else keeps its modes; what is ours in it has its own.
  const bool ours = empty || fs::exists(real / "lambdapool.db", error);
  if (!ours) return {};
  if ((status.st_mode & others_bits) != 0 && ::chmod(real.c_str(), status.st_mode & ~others_bits) != 0)
    return refuse(home, "its modes can't be changed (" + last_error().message() + ")", "mend that");
  return close_inside(real);
}

}  // namespace lambdapool::local
