// Whatever arrives as a zip is unpacked within its limits and its directory, or refused with nothing left.
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string_view>

#include "package/zip.hpp"

namespace fs = std::filesystem;
using namespace lambdapool::package;

namespace {

// One a process, in memory where that is there, beside nothing else.
const fs::path& room() {
  static const struct Room {
    fs::path path;
    Room() {
      std::string name =
          fs::is_directory("/dev/shm") ? "/dev/shm/unzip_fuzzer_XXXXXX" : "/tmp/unzip_fuzzer_XXXXXX";
      if (::mkdtemp(name.data()) == nullptr) std::abort();
      path = name;
    }
    ~Room() { fs::remove_all(path); }
  } it;
  return it.path;
}

void check_tree(const fs::path& dir, const UnzipLimits& limits) {
  std::int64_t bytes = 0;
  for (const auto& entry : fs::recursive_directory_iterator(dir)) {
    struct stat status {};
    if (::lstat(entry.path().c_str(), &status) != 0) std::abort();
    if (S_ISREG(status.st_mode)) bytes += status.st_size;
    if (S_ISLNK(status.st_mode)) {  // leads nowhere but inside
      const auto to = fs::weakly_canonical(entry.path());
      if (!to.string().starts_with(dir.string())) std::abort();
    } else if ((status.st_mode & 0077) != 0) {
      std::abort();
    }
  }
  if (bytes > limits.unzipped_bytes) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view zip(reinterpret_cast<const char*>(data), size);
  list_zip(zip).has_value();
  unzipped_size(zip).has_value();
  const UnzipLimits limits{.unzipped_bytes = 65'536, .entries = 50};
  const fs::path dir = room() / "in";
  const auto done = unzip_to(zip, dir, limits);
  if (done) check_tree(dir, limits);
  if (!done && fs::exists(dir) && !fs::is_empty(dir)) std::abort();
  fs::remove_all(dir);
  if (!fs::is_empty(room())) std::abort();
  return 0;
}
