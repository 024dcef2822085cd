#include "local/log_store.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace lambdapool::local {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t file_bytes_max = 8u << 20;
constexpr std::size_t files_max = 100;
constexpr auto flush_interval = std::chrono::milliseconds(100);

// Stream names hold slashes: 2026/11/22/[$LATEST]0123abcd.
std::string file_name(std::string stream) {
  std::replace(stream.begin(), stream.end(), '/', '-');
  return stream + ".log";
}

void drop_oldest(const fs::path& folder) {
  std::vector<std::pair<fs::file_time_type, fs::path>> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    files.emplace_back(entry.last_write_time(error), entry.path());
  }
  if (files.size() < files_max) return;
  std::sort(files.begin(), files.end());
  for (std::size_t i = 0; i + files_max <= files.size(); ++i) fs::remove(files[i].second, error);
}

// A log that cannot be written must not stop what it is about.
void write_log(const fs::path& file, const std::string& text) {
  std::error_code error;
  const auto size = fs::file_size(file, error);
  if (error) {
    fs::create_directories(file.parent_path(), error);
    drop_oldest(file.parent_path());
  } else if (size > file_bytes_max) {
    fs::rename(file, file.string() + ".1", error);
  }
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return;
  std::string_view rest = text;
  while (!rest.empty()) {
    const auto written = ::write(fd, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) break;
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  ::close(fd);
}

}  // namespace

void LogStore::append(const std::string& function, const std::string& stream, std::string_view text,
                      std::int64_t now_ms) {
  auto& gathered = gathered_[home_ / "logs" / function / file_name(stream)];
  const auto prefix = std::to_string(now_ms) + " ";
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (!line.empty()) gathered.append(prefix).append(line).append("\n");
  }
  if (!timer_) {
    timer_ = loop_.call_after(flush_interval, [this] { flush(); });
  }
}

void LogStore::flush() {
  timer_.reset();
  threads_.run([gathered = std::exchange(gathered_, {})] {
    for (const auto& [file, text] : gathered) write_log(file, text);
  });
}

void LogStore::flush_now() {
  timer_.reset();
  for (const auto& [file, text] : std::exchange(gathered_, {})) write_log(file, text);
}

}  // namespace lambdapool::local
