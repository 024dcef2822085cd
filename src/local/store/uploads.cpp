#include "local/store/uploads.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <fstream>
#include <sstream>
#include <utility>

#include "local/store/home.hpp"
#include "local/store/uuid.hpp"

namespace lambdapool::local {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::hours abandoned_after{24};

fs::path directory(const fs::path& home) { return home / "uploads"; }

// Those whose owners were killed.
void remove_abandoned(const fs::path& home) {
  std::error_code error;
  const auto now = fs::file_time_type::clock::now();
  for (fs::directory_iterator entry(directory(home), error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code ignored;
    const auto written = entry->last_write_time(ignored);
    if (!ignored && now - written > abandoned_after) fs::remove(entry->path(), ignored);
  }
}

bool is_key(const std::string& key) {
  return !key.empty() && key.front() != '.' && std::all_of(key.begin(), key.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '.';
  });
}

}  // namespace

Result<Upload> Upload::put(const fs::path& home, std::string_view zip) {
  remove_abandoned(home);
  Upload upload(directory(home) / (random_uuid() + ".zip"));
  int error = make_private_directories(directory(home)).value();
  const int file =
      error == 0 ? ::open(upload.file_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR)
                 : -1;
  if (file < 0 && error == 0) error = errno;
  while (error == 0 && !zip.empty()) {
    const auto count = ::write(file, zip.data(), zip.size());
    if (count >= 0) zip.remove_prefix(static_cast<std::size_t>(count));
    if (count < 0 && errno != EINTR) error = errno;
  }
  if (file >= 0) ::close(file);
  if (error == 0) return upload;
  return fail(ErrorKind::io,
              "Can't write the package to " + upload.file_.string() + ": " + system_reason(error) + ".");
}

Upload::Upload(Upload&& other) noexcept : file_(std::exchange(other.file_, {})) {}

Upload::~Upload() {
  std::error_code ignored;
  if (!file_.empty()) fs::remove(file_, ignored);
}

Result<std::string> read_upload(const fs::path& home, const std::string& key) {
  std::error_code error;
  std::ifstream file(directory(home) / key, std::ios::binary);
  if (!is_key(key) || !fs::is_regular_file(directory(home) / key, error) || !file)
    return fail(ErrorKind::invalid_argument, "There is no package " + key + " in the home.");
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return std::move(bytes).str();
}

}  // namespace lambdapool::local
