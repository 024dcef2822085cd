// Reads a function's log as LogStore writes it, in this process or another one: each line once, whole lines
// only, through a file's being begun anew.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace lambdapool::local {

struct LogEvent {
  std::int64_t time_ms = 0;
  std::string stream;  // the file's name without its ending
  std::string text;    // one line, without its end
};

class LogReader {
 public:
  LogReader(const std::filesystem::path& home, const std::string& function);

  bool has_any() const;  // whether the function has ever written one

  // The lines from `since_ms` on that were not read before, oldest first.
  std::vector<LogEvent> read(std::int64_t since_ms);

 private:
  using FileId = std::pair<std::uint64_t, std::uint64_t>;  // device and inode: a renamed file stays itself

  void read_file(const std::filesystem::path& path, std::int64_t since_ms, std::vector<LogEvent>& events);

  std::filesystem::path folder_;
  std::map<FileId, std::uint64_t> read_until_;
};

// A function's lines from `since_ms` on, oldest first; empty where it has never run.
std::vector<LogEvent> read_log(const std::filesystem::path& home, const std::string& function,
                               std::int64_t since_ms);

}  // namespace lambdapool::local
