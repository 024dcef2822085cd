#include "local/store/log_bounds.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <system_error>

namespace lambdapool::local {

namespace fs = std::filesystem;

std::vector<fs::path> outdated_logs(std::vector<LogFile> files, std::int64_t now_s) {
  std::sort(files.begin(), files.end(),
            [](const LogFile& a, const LogFile& b) { return a.written_s > b.written_s; });
  std::vector<fs::path> outdated;
  std::uint64_t kept = 0;
  for (const auto& file : files) {
    const auto age = now_s - file.written_s;
    const bool fits = age <= log_age_max_s && kept + file.bytes <= logs_bytes_max;
    if (fits || age < log_alive_s) {
      kept += file.bytes;
    } else {
      outdated.push_back(file.path);
    }
  }
  return outdated;
}

void drop_outdated_logs(const fs::path& folder, std::int64_t now_s) {
  std::vector<LogFile> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    struct stat status {};
    if (::lstat(entry.path().c_str(), &status) == 0 && S_ISREG(status.st_mode))
      files.push_back({entry.path(), static_cast<std::uint64_t>(status.st_size), status.st_mtime});
  }
  for (const auto& path : outdated_logs(std::move(files), now_s)) fs::remove(path, error);
}

}  // namespace lambdapool::local
