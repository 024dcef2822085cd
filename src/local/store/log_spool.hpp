// What a log store has gathered and not written yet, in memory that outlives the process: a mapped file in
// the home. Where the process is killed, or aborts, the next service on the home writes it.
//
// It has two halves: while one is being written to the logs, the other gathers. Beside them it has the
// invocations under way, so that those that have no end can be told.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace lambdapool::local {

class LogSpool {
 public:
  // nullptr where the home has no room for one.
  static std::shared_ptr<LogSpool> make(const std::filesystem::path& home);
  ~LogSpool();  // everything has been written: removes the file
  LogSpool(const LogSpool&) = delete;
  LogSpool& operator=(const LogSpool&) = delete;

  // Lines as they will be in the log. What a half has no room for is not kept.
  void append(std::string_view function, std::string_view stream, std::string_view lines);

  // What was appended until now is going to be written: it is in the half that is returned. The other one has
  // been written.
  int turn();
  void written(int half);  // from any thread

  // In a forked child, which would hold the lock on when the parent has ended. Nothing else follows there.
  void close_in_fork() const;

  void began(std::string_view function, std::string_view stream, std::string_view request_id);
  void ended(std::string_view request_id);

  // Hands over what processes that have ended have left in the home, and removes it; with a line (of
  // `now_ms`) for each invocation that they were in.
  using Sink =
      std::function<void(const std::string& function, const std::string& stream, std::string_view lines)>;
  static void recover(const std::filesystem::path& home, std::int64_t now_ms, const Sink& sink);

 private:
  struct Layout;
  LogSpool(std::filesystem::path path, int fd, Layout* layout);

  std::filesystem::path path_;
  int fd_;  // locked while the process lives
  Layout* layout_;
  int half_ = 0;
  std::unordered_map<std::string, std::size_t> running_;  // by request id: its slot
  std::vector<std::size_t> free_;                         // slots
};

}  // namespace lambdapool::local
