#include "lambdapool/file.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace lambdapool::detail {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t piece_bytes = 1 << 20;

[[noreturn]] void fail(const char* what, const fs::path& path, int reason) {
  throw fs::filesystem_error(what, path, std::error_code(reason, std::generic_category()));
}

bool is_url(const fs::path& path) { return path.native().find("://") != std::string::npos; }

class Open {
 public:
  Open(const char* what, const fs::path& path, int flags)
      : what_(what), path_(path), fd_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {
    if (fd_ < 0) fail(what_, path_, errno);
  }
  ~Open() {
    if (fd_ >= 0) ::close(fd_);
  }
  Open(const Open&) = delete;
  Open& operator=(const Open&) = delete;

  std::size_t read(char* into, std::size_t size) {
    const ssize_t got = retried([&] { return ::read(fd_, into, size); });
    return static_cast<std::size_t>(got);
  }
  void write(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t put = retried([&] { return ::write(fd_, bytes.data(), bytes.size()); });
      bytes.remove_prefix(static_cast<std::size_t>(put));
    }
  }
  // What a disk has no room for may be known no sooner.
  void close() {
    if (::close(std::exchange(fd_, -1)) != 0) fail(what_, path_, errno);
  }

 private:
  template <class Call>
  ssize_t retried(const Call& call) {
    for (;;) {
      const ssize_t done = call();
      if (done >= 0) return done;
      if (errno != EINTR) fail(what_, path_, errno);
    }
  }

  const char* what_;
  const fs::path& path_;
  int fd_;
};

// The name comes from elsewhere: it names no other place than the file's own directory.
std::string safe_name(std::string_view sent) {
  std::string name(sent.substr(sent.rfind('/') + 1));
  name = name.substr(0, name.find('\0'));
  return name.empty() || name == "." || name == ".." ? "file" : name;
}

// In a directory of its own, which goes with the last holder of the path. A forked child holds it too, and
// ends earlier.
FilePath new_place(std::string_view name) {
  std::string directory = (fs::temp_directory_path() / "lambdapool-file-XXXXXX").string();
  if (::mkdtemp(directory.data()) == nullptr) fail("cannot keep a file that has arrived", directory, errno);
  const auto remove = [process = ::getpid()](const fs::path* path) {
    std::error_code ignored;
    if (process == ::getpid()) fs::remove_all(path->parent_path(), ignored);
    delete path;
  };
  return {new fs::path(fs::path(directory) / safe_name(name)), remove};
}

}  // namespace

FilePath file_to_send(const fs::path& path) {
  auto held = std::make_shared<const fs::path>(path);
  if (is_url(path)) return held;
  const auto status = fs::status(path);
  if (!fs::exists(status)) fail("cannot send a file", path, ENOENT);
  if (fs::is_directory(status)) fail("cannot send a directory as a file", path, EISDIR);
  if (!fs::is_regular_file(status)) fail("cannot send what is no regular file", path, EINVAL);
  return held;
}

void write_file(Writer& out, const fs::path& path) {
  out.text(is_url(path) ? "" : path.filename().native());
  out.text(is_url(path) ? path.native() : "");
  if (is_url(path)) return out.text("");
  Open from("cannot send a file", path, O_RDONLY);
  std::uintmax_t left = fs::file_size(path);
  out.length(left);
  std::string piece(static_cast<std::size_t>(std::min<std::uintmax_t>(left, piece_bytes)), '\0');
  while (left > 0) {
    const std::size_t got = from.read(piece.data(), std::min<std::uintmax_t>(left, piece.size()));
    if (got == 0) fail("a file was shortened while it was sent", path, EIO);
    out.raw(piece.data(), got);
    left -= got;
  }
}

FilePath read_file(Reader& in) {
  const std::string_view name = in.text();
  const std::string_view url = in.text();
  const std::string_view bytes = in.text();
  if (!url.empty()) return std::make_shared<const fs::path>(url);
  auto place = new_place(name);
  Open to("cannot keep a file that has arrived", *place, O_WRONLY | O_CREAT | O_EXCL);
  to.write(bytes);
  to.close();
  return place;
}

}  // namespace lambdapool::detail
