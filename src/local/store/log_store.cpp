#include "local/store/log_store.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <ctime>
#include <utility>

#include "local/store/home.hpp"
#include "local/store/log_bounds.hpp"

namespace lambdapool::local {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t file_bytes_max = 8u << 20;
constexpr std::size_t stream_bytes_max = 1u << 20;
constexpr std::size_t hasty_bytes = 256u << 10;  // so much is not kept waiting
constexpr auto flush_interval = std::chrono::milliseconds(100);

// Stream names hold slashes: 2026/11/22/[$LATEST]0123abcd.
std::string file_name(std::string stream) {
  std::replace(stream.begin(), stream.end(), '/', '-');
  return stream + ".log";
}

// How much of `text` without its `rest` is whole lines.
std::size_t lines_end(std::string_view text, std::string_view rest) {
  const auto last = text.substr(0, text.size() - rest.size()).rfind('\n');
  return last == std::string_view::npos ? 0 : last + 1;
}

struct Written {
  bool begun = false;       // there is a file now that was not there before
  std::size_t dropped = 0;  // bytes that the disk had no room for: whole lines
};

// A log that cannot be written must not stop what it is about.
Written write_log(const fs::path& file, std::string_view text) {
  if (text.empty()) return {};
  std::error_code error;
  const auto size = fs::file_size(file, error);
  bool begun = static_cast<bool>(error);
  if (error) {
    make_private_directories(file.parent_path());
  } else if (size > file_bytes_max) {
    fs::rename(file, file.string() + ".1", error);
    begun = true;
  }
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return {false, text.size()};
  std::string_view rest = text;
  while (!rest.empty()) {
    const auto written = ::write(fd, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) break;
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  const std::size_t torn = rest.empty() ? 0 : text.size() - rest.size() - lines_end(text, rest);
  struct stat status {};
  if (torn > 0 && ::fstat(fd, &status) == 0) {
    [[maybe_unused]] const int ignored = ::ftruncate(fd, status.st_size - static_cast<off_t>(torn));
  }
  ::close(fd);
  return {begun, rest.size() + torn};
}

// A gap in the log is told where it is.
std::string with_note(std::string& text, std::size_t dropped) {
  if (dropped == 0 || text.empty()) return std::move(text);
  return text.substr(0, text.find(' ')) + " [lambdapool: " + std::to_string(dropped) +
         " earlier bytes of output left out]\n" + text;
}

}  // namespace

LogStore::LogStore(http::EventLoop& loop, WorkThreads& threads, fs::path home)
    : loop_(loop), threads_(threads), home_(std::move(home)) {
  Batch left;
  const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  LogSpool::recover(home_, now.time_since_epoch().count(),
                    [&](const std::string& function, const std::string& stream, std::string_view lines) {
                      left.functions[function][stream].text += lines;
                    });
  write(home_, left);
}

void LogStore::append(const std::string& function, const std::string& stream, std::string_view text,
                      std::int64_t now_ms) {
  auto& gathered = gathered_[function][stream];
  const auto before = gathered.text.size();
  const std::string_view given = text;
  char prefix[24];
  const auto end = std::to_chars(prefix, prefix + sizeof prefix - 1, now_ms).ptr;
  *end = ' ';
  const auto length = static_cast<std::size_t>(end + 1 - prefix);
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (!line.empty()) gathered.text.append(prefix, length).append(line).push_back('\n');
  }
  gathered_bytes_ += gathered.text.size() - before;
  spool(function, stream, given, std::string_view(gathered.text).substr(before));
  if (gathered.text.size() > 2 * stream_bytes_max) cut(gathered);
  if (gathered_bytes_ > hasty_bytes && !writing()) return flush();
  if (!timer_) {
    timer_ = loop_.call_after(flush_interval, [this] { flush(); });
  }
}

void LogStore::spool(const std::string& function, const std::string& stream, std::string_view text,
                     std::string_view lines) {
  if (!spool_) spool_ = LogSpool::make(home_);
  if (!*spool_) return;
  (*spool_)->append(function, stream, lines);
  if (function.find('.') != std::string::npos) return;  // of Cloud Run, where workers write such lines
  constexpr std::string_view start = "START RequestId: ", end = "END RequestId: ";
  const auto id = [&](std::string_view before) {
    text.remove_prefix(before.size());
    return text.substr(0, text.find_first_of(" \n"));
  };
  if (text.starts_with(start)) return (*spool_)->began(function, stream, id(start));
  if (text.starts_with(end)) return (*spool_)->ended(id(end));
}

// The newest lines, which are what one looks for.
void LogStore::cut(Gathered& gathered) {
  auto& text = gathered.text;
  if (text.size() <= stream_bytes_max) return;
  const auto first = text.find('\n', text.size() - stream_bytes_max) + 1;
  gathered.dropped += first;
  text.erase(0, first);
}

void LogStore::flush() {
  timer_.reset();
  if (writing()) {  // the disk is slow
    timer_ = loop_.call_after(flush_interval, [this] { flush(); });
    return;
  }
  take_over_dropped();
  batch_ = std::make_shared<Batch>();
  batch_->functions.swap(gathered_);
  batch_->spool = spool_.value_or(nullptr);
  if (batch_->spool) batch_->half = batch_->spool->turn();
  gathered_bytes_ = 0;
  threads_.run([home = home_, batch = batch_] { write(home, *batch); });
}

// What there was no room for is told with the next lines of its stream.
void LogStore::take_over_dropped() {
  if (!batch_) return;
  for (const auto& [function, streams] : batch_->functions)
    for (const auto& [stream, gathered] : streams)
      if (gathered.dropped > 0) gathered_[function][stream].dropped += gathered.dropped;
}

// The threads have ended; what they have not come to is written here.
void LogStore::flush_now() {
  timer_.reset();
  if (writing()) write(home_, *batch_);
  Batch rest;
  rest.functions.swap(gathered_);
  write(home_, rest);
  spool_.reset();
  batch_.reset();
}

void LogStore::close_in_fork() const {
  if (const auto& spool = spool_.value_or(nullptr)) spool->close_in_fork();
}

void LogStore::write(const fs::path& home, Batch& batch) {
  for (auto& [function, streams] : batch.functions) {
    const auto folder = home / "logs" / function;
    bool begun = false;
    for (auto& [stream, gathered] : streams) {
      cut(gathered);
      const std::string text = with_note(gathered.text, gathered.dropped);
      const auto written = write_log(folder / file_name(stream), text);
      begun |= written.begun;
      if (!text.empty()) gathered.dropped = written.dropped;
    }
    if (begun) drop_outdated_logs(folder, ::time(nullptr));
  }
  if (batch.spool) batch.spool->written(batch.half);
  batch.written = true;
}

}  // namespace lambdapool::local
