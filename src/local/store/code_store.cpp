#include "local/store/code_store.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <map>
#include <vector>

#include "core/encoding.hpp"
#include "core/limits.hpp"
#include "core/write_all.hpp"
#include "local/store/home.hpp"
#include "local/store/uploads.hpp"
#include "local/store/uuid.hpp"
#include "package/zip.hpp"

namespace lambdapool::local {
namespace {

namespace fs = std::filesystem;

tl::unexpected<Error> io_failure(const std::string& what, const fs::path& path, int error) {
  return fail(ErrorKind::io,
              "The local Lambda cannot " + what + " " + path.string() + ": " + system_reason(error));
}

// Whole and on the disk before it gets its name.
Result<void> write_file(const fs::path& path, std::string_view bytes) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return io_failure("create", path, errno);
  int error = write_all(fd, bytes) ? 0 : errno;
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

// A file without its bytes being read: of a zip, its directory is all that is wanted.
class MappedFile {
 public:
  explicit MappedFile(const fs::path& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat status {};
    if (fd >= 0 && ::fstat(fd, &status) == 0 && status.st_size > 0) {
      size_ = static_cast<std::size_t>(status.st_size);
      bytes_ = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, fd, 0);
    }
    if (fd >= 0) ::close(fd);
  }
  ~MappedFile() {
    if (bytes_ != MAP_FAILED) ::munmap(bytes_, size_);
  }
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  std::string_view bytes() const {
    return bytes_ == MAP_FAILED ? std::string_view() : std::string_view(static_cast<char*>(bytes_), size_);
  }

 private:
  void* bytes_ = MAP_FAILED;
  std::size_t size_ = 0;
};

// Emptied is as gone as removed: no package is empty.
bool is_unpacked(const fs::path& directory) {
  std::error_code error;
  return fs::directory_iterator(directory, error) != fs::directory_iterator() && !error;
}

bool is_real_directory(const fs::path& path) {
  struct stat found {};
  return ::lstat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode);
}

// A directory's name ends with a slash in a zip.
bool is_whole(const fs::path& path, std::int64_t bytes) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0) return false;
  return path.has_filename() ? !S_ISDIR(found.st_mode) && found.st_size == bytes : S_ISDIR(found.st_mode);
}

// Files that are not whole; without a zip that says what there should be, none.
std::vector<std::string> damaged_files(const fs::path& unpacked, std::string_view zip) {
  std::vector<std::string> damaged;
  const auto files = package::list_zip(zip);
  if (!files) return damaged;
  std::map<std::string_view, std::int64_t> sizes;  // of two files of one name the later is left
  for (const auto& file : *files) sizes[file.name] = file.unzipped_bytes;
  for (const auto& [name, bytes] : sizes)
    if (!is_whole(unpacked / name, bytes)) damaged.emplace_back(name);
  return damaged;
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

void CodeStore::close_in_fork() const {
  ::close(lock_);
  ::close(collector_);
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
  if (auto done = unpack(zip_bytes, code.sha256); !done) return refusal_of(done.error());
  if (auto done = keep_zip(zip_bytes, code.sha256); !done) return service_failure(done.error());
  return code;
}

Result<void> CodeStore::ensure(const std::string& sha256) {
  if (is_unpacked(directory(sha256)) &&
      damaged_files(directory(sha256), MappedFile(zip(sha256)).bytes()).empty())
    return {};
  const auto bytes = read_file(zip(sha256));
  if (bytes && sha256_hex(*bytes) == sha256) return unpack(*bytes, sha256);
  return fail(ErrorKind::io, "The local Lambda has lost a package: " + directory(sha256).string() +
                                 " is gone or damaged, and its zip, " + zip(sha256).string() + ", is " +
                                 (bytes ? "damaged" : "not there") +
                                 "; update the function with its paths, and it is uploaded again");
}

std::optional<CodeStore::Damage> CodeStore::find_damage(const fs::path& home, const std::string& sha256) {
  const auto unpacked = home / "code" / sha256;
  const auto kept = home / "zips" / (sha256 + ".zip");
  const auto bytes = read_file(kept);
  if (!bytes || sha256_hex(*bytes) != sha256)
    return Damage{kept.string() + " is " + (bytes ? "damaged" : "not there"), false};
  if (!is_unpacked(unpacked)) return Damage{unpacked.string() + " is gone", true};
  const auto damaged = damaged_files(unpacked, *bytes);
  if (damaged.empty()) return std::nullopt;
  const auto others = damaged.size() - 1;
  return Damage{(unpacked / damaged.front()).string() +
                    (others > 0 ? " and " + std::to_string(others) + " more files are" : " is") +
                    " not there as deployed",
                true};
}

Result<void> CodeStore::keep_zip(std::string_view bytes, const std::string& sha256) {
  std::error_code error;
  if (fs::file_size(zip(sha256), error) == bytes.size() && !error) return {};
  const auto incoming = home_ / "incoming" / random_uuid();
  if (auto written = write_file(incoming, bytes); !written) return written;
  if (::rename(incoming.c_str(), zip(sha256).c_str()) != 0) return io_failure("create", zip(sha256), errno);
  return {};
}

// Where a package is there already, only what of it is not whole.
Result<void> CodeStore::unpack(std::string_view bytes, const std::string& sha256) {
  const bool is_there = is_unpacked(directory(sha256));
  if (is_there && damaged_files(directory(sha256), bytes).empty()) return {};
  const auto incoming = home_ / "incoming" / random_uuid();
  std::error_code ignored;
  auto done = package::unzip_to(bytes, incoming);
  if (done && is_there) {
    done = repair(incoming, bytes, sha256);
  } else if (done) {
    ::chmod(incoming.c_str(), 0700);
    // Not empty: somebody else was faster.
    if (::rename(incoming.c_str(), directory(sha256).c_str()) != 0 && errno != ENOTEMPTY && errno != EEXIST)
      done = io_failure("create", directory(sha256), errno);
  }
  fs::remove_all(incoming, ignored);
  return done;
}

// File by file, since workers may be running what is there.
Result<void> CodeStore::repair(const fs::path& unpacked, std::string_view zip, const std::string& sha256) {
  for (const auto& name : damaged_files(directory(sha256), zip)) {
    const auto target = directory(sha256) / name;
    std::error_code error = make_private_directories(target.parent_path());
    if (!error && is_real_directory(target) != is_real_directory(unpacked / name))
      fs::remove_all(target, error);
    if (!error && is_real_directory(unpacked / name))
      error = make_private_directories(target);
    else if (!error)
      fs::rename(unpacked / name, target, error);
    if (error) return io_failure("mend", target, error.value());
  }
  return {};
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
