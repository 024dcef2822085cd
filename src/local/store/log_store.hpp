// Functions' logs as files: HOME/logs/FUNCTION/STREAM.log, each line "<epoch milliseconds> <text>".
//
// Lines are only appended to memory; what has gathered is written in the background every tenth of a second,
// and sooner where it is much. All ends are bounded: while one batch is being written, each stream gathers
// its newest megabyte; a stream's file is begun anew at 8 MB with its predecessor kept as STREAM.log.1, and
// what a function keeps of the past is bounded (log_bounds.hpp). What is only in memory survives the process
// (log_spool.hpp).
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/event_loop.hpp"
#include "local/store/log_spool.hpp"
#include "local/work_threads.hpp"

namespace lambdapool::local {

// On the event loop's thread.
class LogStore {
 public:
  // Writes what killed processes have left.
  LogStore(http::EventLoop& loop, WorkThreads& threads, std::filesystem::path home);

  void append(const std::string& function, const std::string& stream, std::string_view text,
              std::int64_t now_ms);
  void flush_now();  // writes on the calling thread; before an end
  void close_in_fork() const;

 private:
  struct Gathered {
    std::string text;
    std::size_t dropped = 0;  // bytes of older lines that were cut off, or not written
  };
  using Streams = std::map<std::string, Gathered>;
  struct Batch {
    std::map<std::string, Streams> functions;
    std::shared_ptr<LogSpool> spool = nullptr;  // has it too, in this half
    int half = 0;
    std::atomic<bool> written = false;
  };

  static void write(const std::filesystem::path& home, Batch& batch);
  static void cut(Gathered& gathered);
  void spool(const std::string& function, const std::string& stream, std::string_view text,
             std::string_view lines);
  void flush();
  void take_over_dropped();
  bool writing() const { return batch_ && !batch_->written; }

  http::EventLoop& loop_;
  WorkThreads& threads_;
  std::filesystem::path home_;
  std::optional<std::shared_ptr<LogSpool>> spool_;  // once there was something for it
  std::map<std::string, Streams> gathered_;         // by function
  std::size_t gathered_bytes_ = 0;                  // appended since the last flush
  std::shared_ptr<Batch> batch_;                    // the last one that was handed on
  std::unique_ptr<http::EventLoop::Timer> timer_;
};

}  // namespace lambdapool::local
