#include "local/store/code_store.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "core/encoding.hpp"
#include "core/limits.hpp"
#include "local/store/home.hpp"
#include "local/store/uploads.hpp"
#include "local/store/uuid.hpp"
#include "package/zip.hpp"

namespace lambdapool::local {
namespace {

namespace fs = std::filesystem;

tl::unexpected<Error> io_failure(const std::string& what, const fs::path& path, int error) {
  return fail(ErrorKind::io,
              "The local Lambda cannot " + what + " " + path.string() + ": " + std::strerror(error));
}

// Whole and on the disk before it gets its name.
Result<void> write_file(const fs::path& path, std::string_view bytes) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return io_failure("create", path, errno);
  int error = 0;
  while (!bytes.empty() && error == 0) {
    const auto written = ::write(fd, bytes.data(), bytes.size());
    if (written > 0) bytes.remove_prefix(static_cast<std::size_t>(written));
    if (written < 0 && errno != EINTR) error = errno;
  }
  if (error == 0 && ::fsync(fd) != 0) error = errno;
  ::close(fd);
  if (error == 0) return {};
  ::unlink(path.c_str());
  return io_failure("write", path, error);
}

Result<std::string> read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file) return fail(ErrorKind::io, "The local Lambda cannot read " + path.string());
  return bytes;
}

// Emptied is as gone as removed: no package is empty.
bool is_unpacked(const fs::path& directory) {
  std::error_code error;
  return fs::directory_iterator(directory, error) != fs::directory_iterator() && !error;
}

int open_lock(const fs::path& path) { return ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600); }

int lock(int fd, int operation) {
  int result = 0;
  while ((result = ::flock(fd, operation)) != 0 && errno == EINTR) {
  }
  return result;
}

OrRefusal<CodeReference> refusal_of(const Error& error) {
  if (error.kind == ErrorKind::payload_too_large) {
    return invalid_parameter("Unzipped size must be smaller than " +
                             std::to_string(limits::unzipped_bytes_max) + " bytes");
  }
  if (error.kind == ErrorKind::invalid_argument) {
    return invalid_parameter(
        "Could not unzip uploaded file. Please check your file, then try to upload again.");
  }
  return service_failure(error);
}

}  // namespace

Result<std::unique_ptr<CodeStore>> CodeStore::open(const fs::path& home) {
  std::unique_ptr<CodeStore> store(new CodeStore(home));
  for (const char* folder : {"zips", "code", "incoming"}) {
    if (const auto error = make_private_directories(home / folder))
      return io_failure("create", home / folder, error.value());
  }
  store->lock_ = open_lock(home / "services.lock");
  if (store->lock_ < 0) return io_failure("open", home / "services.lock", errno);
  store->collector_ = open_lock(home / "collector.lock");
  if (store->collector_ < 0) return io_failure("open", home / "collector.lock", errno);
  if (lock(store->lock_, LOCK_SH) != 0) return io_failure("lock", home / "services.lock", errno);
  return store;
}

CodeStore::~CodeStore() {
  if (lock_ >= 0) ::close(lock_);
  if (collector_ >= 0) ::close(collector_);
}

OrRefusal<CodeReference> CodeStore::put(std::string_view zip_bytes) {
  if (static_cast<std::int64_t>(zip_bytes.size()) > limits::zip_bytes_max) {
    return too_large("Zipped size must be smaller than " + std::to_string(limits::zip_bytes_max) + " bytes");
  }
  return store(zip_bytes);
}

OrRefusal<CodeReference> CodeStore::put_upload(const std::string& key) {
  const auto zip_bytes = read_upload(home_, key);
  if (!zip_bytes) return invalid_parameter(zip_bytes.error().message);
  return store(*zip_bytes);
}

OrRefusal<CodeReference> CodeStore::store(std::string_view zip_bytes) {
  const auto unzipped = package::unzipped_size(zip_bytes);
  if (!unzipped) return refusal_of(unzipped.error());
  CodeReference code{sha256_hex(zip_bytes), static_cast<std::int64_t>(zip_bytes.size()), *unzipped};
  if (!is_unpacked(directory(code.sha256))) {
    if (auto done = unpack(zip_bytes, code.sha256); !done) return refusal_of(done.error());
  }
  if (auto done = keep_zip(zip_bytes, code.sha256); !done) return service_failure(done.error());
  return code;
}

Result<void> CodeStore::ensure(const std::string& sha256) {
  if (is_unpacked(directory(sha256))) return {};
  const auto bytes = read_file(zip(sha256));
  if (bytes && sha256_hex(*bytes) == sha256) return unpack(*bytes, sha256);
  return fail(ErrorKind::io, "The local Lambda has lost a package: " + directory(sha256).string() +
                                 " is gone, and its zip, " + zip(sha256).string() + ", is " +
                                 (bytes ? "damaged" : "not there") +
                                 "; update the function with its paths, and it is uploaded again");
}

Result<void> CodeStore::check(const fs::path& home, const std::string& sha256) {
  const auto unpacked = home / "code" / sha256;
  const auto kept = home / "zips" / (sha256 + ".zip");
  const auto bytes = read_file(kept);
  const auto files = bytes && sha256_hex(*bytes) == sha256
                         ? package::list_zip(*bytes)
                         : fail(ErrorKind::io, kept.string() + " is " + (bytes ? "damaged" : "not there"));
  if (!files) return tl::unexpected(files.error());
  if (!is_unpacked(unpacked)) return fail(ErrorKind::io, unpacked.string() + " is gone");
  for (const auto& file : *files) {
    struct stat found {};
    const bool there = ::lstat((unpacked / file.name).c_str(), &found) == 0;
    const bool whole = there && (S_ISDIR(found.st_mode) || found.st_size == file.unzipped_bytes);
    if (!whole)
      return fail(ErrorKind::io,
                  (unpacked / file.name).string() + (there ? " is not what was deployed" : " is gone"));
  }
  return {};
}

Result<void> CodeStore::keep_zip(std::string_view bytes, const std::string& sha256) {
  std::error_code error;
  if (fs::file_size(zip(sha256), error) == bytes.size() && !error) return {};
  const auto incoming = home_ / "incoming" / random_uuid();
  if (auto written = write_file(incoming, bytes); !written) return written;
  if (::rename(incoming.c_str(), zip(sha256).c_str()) != 0) return io_failure("create", zip(sha256), errno);
  return {};
}

Result<void> CodeStore::unpack(std::string_view bytes, const std::string& sha256) {
  const auto incoming = home_ / "incoming" / random_uuid();
  std::error_code ignored;
  if (auto done = package::unzip_to(bytes, incoming); !done) {
    fs::remove_all(incoming, ignored);
    return done;
  }
  ::chmod(incoming.c_str(), 0700);
  if (::rename(incoming.c_str(), directory(sha256).c_str()) == 0) return {};
  const int error = errno;
  fs::remove_all(incoming, ignored);
  if (error == ENOTEMPTY || error == EEXIST) return {};  // somebody else was faster
  return io_failure("create", directory(sha256), error);
}

std::set<std::string> CodeStore::stored() const {
  std::set<std::string> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(home_ / "code", error))
    found.insert(entry.path().filename());
  for (const auto& entry : fs::directory_iterator(home_ / "zips", error)) found.insert(entry.path().stem());
  return found;
}

void CodeStore::remove(const std::string& sha256) {
  std::error_code ignored;
  fs::remove(zip(sha256), ignored);
  const auto out_of_the_way = home_ / "incoming" / random_uuid();
  fs::rename(directory(sha256), out_of_the_way, ignored);
  fs::remove_all(out_of_the_way, ignored);
  fs::remove_all(home_ / "imports" / sha256, ignored);
}

void CodeStore::collect(const std::function<std::set<std::string>()>& referenced,
                        const std::function<std::set<std::string>(std::set<std::string>)>& spare) {
  std::unique_lock alone(collecting_, std::try_to_lock);
  if (!alone || lock(collector_, LOCK_EX | LOCK_NB) != 0) return;
  if (lock(lock_, LOCK_EX | LOCK_NB) == 0) {
    auto candidates = stored();
    for (const auto& sha256 : referenced()) candidates.erase(sha256);
    if (!candidates.empty()) candidates = spare(std::move(candidates));
    for (const auto& sha256 : candidates) remove(sha256);
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(home_ / "incoming", error)) fs::remove_all(entry, error);
  }
  lock(lock_, LOCK_SH);  // a failed attempt at the exclusive lock has lost the shared one
  lock(collector_, LOCK_UN);
}

}  // namespace lambdapool::local
