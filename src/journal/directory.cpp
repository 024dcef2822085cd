#include "journal/directory.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace lambdapool::journal {
namespace fs = std::filesystem;

fs::path runs_directory(const Environment& environment) {
  if (const auto given = environment.get("LAMBDAPOOL_RUNS")) return *given;
  const auto state = environment.get("XDG_STATE_HOME");
  return (state ? fs::path(*state) : environment.home_directory() / ".local" / "state") / "lambdapool" /
         "runs";
}

Result<void> check_name(const std::string& name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  if (!name.empty() && name.size() <= 100 && name.front() != '.' &&
      std::all_of(name.begin(), name.end(), fits))
    return {};
  return fail(ErrorKind::invalid_argument,
              "a run's name has 1 to 100 letters, digits, '.', '_' and '-', and does not begin with '.'; '" +
                  name.substr(0, 120) + "' does not");
}

Result<void> make_private_directory(const fs::path& directory) {
  fs::path made;
  for (const auto& part : fs::absolute(directory)) {
    made /= part;
    if (::mkdir(made.c_str(), 0700) == 0 || errno == EEXIST || errno == EISDIR) continue;
    std::error_code ignored;
    if (fs::is_directory(made, ignored)) continue;  // such as "/", on systems that answer otherwise
    return fail(ErrorKind::io, "the directory " + made.string() + " cannot be made: " + std::strerror(errno) +
                                   "; LAMBDAPOOL_RUNS names another place for runs");
  }
  return {};
}

Result<Lock> Lock::take(const fs::path& file, const std::string& name) {
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0)
    return fail(ErrorKind::io, file.string() + " cannot be opened: " + std::string(std::strerror(errno)));
  Lock lock(fd);
  char text[32] = {};
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    const ssize_t got = ::pread(fd, text, sizeof text - 1, 0);
    const std::string holder = got > 0 ? " (process " + std::string(text) + ")" : "";
    return fail(ErrorKind::run, "the run '" + name + "' is under way elsewhere" + holder +
                                    ": wait for its end, or give this one another name");
  }
  const std::string own = std::to_string(::getpid());
  if (::ftruncate(fd, 0) != 0 || ::pwrite(fd, own.data(), own.size(), 0) < 0)
    return fail(ErrorKind::io, file.string() + " cannot be written: " + std::string(std::strerror(errno)));
  return lock;
}

bool Lock::is_taken(const fs::path& file) {
  const int fd = ::open(file.c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) return false;
  const bool taken = ::flock(fd, LOCK_SH | LOCK_NB) != 0;
  ::close(fd);
  return taken;
}

Lock::Lock(Lock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

Lock::~Lock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace lambdapool::journal
