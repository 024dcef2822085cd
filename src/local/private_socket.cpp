#include "local/private_socket.hpp"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <utility>

#include "core/random.hpp"

namespace lambdapool::local {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t path_max = sizeof sockaddr_un{}.sun_path - 1;
constexpr const char* own_prefix = "lambdapool-socket-";

// A socket whose service has died refuses connections. A young one may not listen yet.
bool is_left_behind(const fs::path& path) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0 || !S_ISSOCK(found.st_mode) || found.st_uid != ::geteuid())
    return false;
  return ::time(nullptr) - found.st_mtime >= 60 && is_deserted(path);
}

void sweep_home(const fs::path& sockets) {
  std::error_code error;
  for (fs::directory_iterator entry(sockets, error), end; !error && entry != end; entry.increment(error)) {
    if (is_left_behind(entry->path())) ::unlink(entry->path().c_str());
  }
}

void sweep_temporary(const fs::path& temporary) {
  std::error_code error;
  for (fs::directory_iterator entry(temporary, error), end; !error && entry != end; entry.increment(error)) {
    if (!entry->path().filename().string().starts_with(own_prefix)) continue;
    if (!is_left_behind(entry->path() / "s")) continue;
    ::unlink((entry->path() / "s").c_str());
    ::rmdir(entry->path().c_str());
  }
}

// Ours, a directory and no link to one, and closed to others: or it is made so.
bool is_private(const fs::path& directory) {
  if (::mkdir(directory.c_str(), S_IRWXU) != 0 && errno != EEXIST) return false;
  struct stat found {};
  if (::lstat(directory.c_str(), &found) != 0) return false;
  if (!S_ISDIR(found.st_mode) || found.st_uid != ::geteuid()) return errno = EPERM, false;
  return (found.st_mode & 07777) == S_IRWXU || ::chmod(directory.c_str(), S_IRWXU) == 0;
}

std::string own_directory_in(const fs::path& temporary) {
  return (temporary / own_prefix).string() + "XXXXXX";
}

tl::unexpected<Error> failed(const fs::path& where) {
  return fail(ErrorKind::io, "The local Lambda cannot make a private directory for its socket, " +
                                 where.string() + ": " + system_reason(errno));
}

}  // namespace

bool is_deserted(const fs::path& socket) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket.native().size() > path_max) return false;
  socket.native().copy(address.sun_path, path_max);
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (probe < 0) return false;
  const bool failed = ::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0;
  const bool deserted = failed && (errno == ECONNREFUSED || errno == ENOENT);
  ::close(probe);
  return deserted;
}

Result<PrivateSocket> PrivateSocket::place(const fs::path& home, const std::function<fs::path()>& temporary) {
  const auto sockets = home / "sockets";
  auto path = sockets / random_hex(8);
  if (path.native().size() <= path_max) {
    if (!is_private(sockets)) return failed(sockets);
    sweep_home(sockets);
    return PrivateSocket(std::move(path), {});
  }
  auto above = temporary();
  if (own_directory_in(above).size() + 2 > path_max) above = "/tmp";  // a long TMPDIR
  sweep_temporary(above);
  std::string directory = own_directory_in(above);
  if (::mkdtemp(directory.data()) == nullptr) return failed(directory);
  return PrivateSocket(fs::path(directory) / "s", directory);
}

PrivateSocket::PrivateSocket(PrivateSocket&& other) noexcept
    : path_(std::move(other.path_)), own_directory_(std::exchange(other.own_directory_, {})) {}

PrivateSocket::~PrivateSocket() {
  if (!own_directory_.empty()) ::rmdir(own_directory_.c_str());
}

}  // namespace lambdapool::local
