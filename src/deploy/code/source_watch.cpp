#include "deploy/code/source_watch.hpp"

#include <sys/inotify.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "package/leftover.hpp"

namespace lambdapool::deploy {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t watched_events = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO;
constexpr int not_there = -1;

// An error of the watch on `path`, by errno.
tl::unexpected<Error> cannot_watch(const fs::path& path) {
  if (errno == ENOSPC)
    return fail(ErrorKind::io, "cannot watch " + path.string() +
                                   ": this user watches as many files as the system allows; raise "
                                   "fs.inotify.max_user_watches (sysctl)");
  if (errno == EMFILE)
    return fail(ErrorKind::io,
                "cannot watch files: this user has as many watches open as the system allows; "
                "raise fs.inotify.max_user_instances (sysctl)");
  return fail(ErrorKind::io, "cannot watch " + path.string() + ": " + std::strerror(errno));
}

}  // namespace

Result<SourceWatch> SourceWatch::begin(std::vector<fs::path> paths) {
  for (fs::path& path : paths) {
    std::error_code error;
    if (!fs::exists(path, error))
      return fail(ErrorKind::invalid_argument, "there is no file or directory " + path.string());
    path = fs::absolute(path).lexically_normal();
    if (!path.has_filename()) path = path.parent_path();  // "folder/"
  }
  const int descriptor = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (descriptor < 0) return cannot_watch("files");
  SourceWatch watch(descriptor, std::move(paths));
  if (auto watched = watch.watch_all(); !watched) return tl::unexpected(watched.error());
  return watch;
}

SourceWatch::SourceWatch(int descriptor, std::vector<fs::path> paths)
    : descriptor_(descriptor), paths_(std::move(paths)) {}

SourceWatch::SourceWatch(SourceWatch&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      paths_(std::move(other.paths_)),
      watched_(std::move(other.watched_)) {}

SourceWatch::~SourceWatch() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

// A path itself can be replaced, so the directory that has it is watched too. Watching again what is watched
// changes nothing.
Result<void> SourceWatch::watch_all() {
  std::set<int> seen;
  for (const fs::path& path : paths_) {
    const auto parent = watch(path.parent_path());
    if (!parent) return tl::unexpected(parent.error());
    if (*parent != not_there) watched_[*parent].names.insert(path.filename().string());
    std::error_code error;
    if (!fs::is_directory(path, error)) continue;
    if (auto below = watch_below(path, seen); !below) return below;
  }
  return {};
}

// The watch's number, or `not_there` where the directory is not there any more.
Result<int> SourceWatch::watch(const fs::path& directory) {
  const int number = ::inotify_add_watch(descriptor_, directory.c_str(), watched_events | IN_ONLYDIR);
  if (number < 0 && (errno == ENOENT || errno == ENOTDIR)) return not_there;
  if (number < 0) return cannot_watch(directory);
  watched_[number].directory = directory;
  return number;
}

// `seen`: directories that links lead back to.
Result<void> SourceWatch::watch_below(const fs::path& directory, std::set<int>& seen) {
  const auto number = watch(directory);
  if (!number) return tl::unexpected(number.error());
  if (*number == not_there || !seen.insert(*number).second) return {};
  watched_[*number].whole = true;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    if (!entry.is_directory(error) || package::is_leftover(entry.path())) continue;
    if (auto below = watch_below(entry.path(), seen); !below) return below;
  }
  return {};
}

bool SourceWatch::is_change(int watch, std::uint32_t what, const std::string& name) const {
  if ((what & IN_Q_OVERFLOW) != 0) return true;  // what it was is lost
  const auto found = watched_.find(watch);
  if (found == watched_.end() || name.empty()) return false;
  const Watched& watched = found->second;
  if (!watched.whole) return watched.names.contains(name);
  if (name == "__pycache__" || name.ends_with(".pyc")) return false;  // of an import, just now
  return !package::is_leftover(watched.directory / name);
}

Result<bool> SourceWatch::has_changed() {
  alignas(inotify_event) char buffer[16 * 1024];
  bool changed = false;
  for (;;) {
    const ssize_t got = ::read(descriptor_, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) break;
    if (got <= 0) return cannot_watch("files");
    for (ssize_t at = 0; at < got;) {
      inotify_event event;
      std::memcpy(&event, buffer + at, sizeof event);
      const std::string name = event.len > 0 ? buffer + at + sizeof event : "";
      changed = is_change(event.wd, event.mask, name) || changed;
      if ((event.mask & IN_IGNORED) != 0) watched_.erase(event.wd);
      at += static_cast<ssize_t>(sizeof event + event.len);
    }
  }
  if (!changed) return false;
  return watch_all().map([] { return true; });  // directories may be new
}

}  // namespace lambdapool::deploy
