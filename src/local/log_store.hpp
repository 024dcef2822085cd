// Functions' logs as files: HOME/logs/FUNCTION/STREAM.log, each line "<epoch milliseconds> <text>".
//
// An invocation only appends to memory; what has gathered is written in the background every tenth of a
// second. Both ends are bounded: a stream's file is begun anew at 8 MB with its predecessor kept as
// STREAM.log.1, and a function keeps its newest 100 files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "http/event_loop.hpp"
#include "local/work_threads.hpp"

namespace lambdapool::local {

// On the event loop's thread.
class LogStore {
 public:
  LogStore(http::EventLoop& loop, WorkThreads& threads, std::filesystem::path home)
      : loop_(loop), threads_(threads), home_(std::move(home)) {}

  void append(const std::string& function, const std::string& stream, std::string_view text,
              std::int64_t now_ms);
  void flush_now();  // writes on the calling thread; before an end

 private:
  void flush();

  http::EventLoop& loop_;
  WorkThreads& threads_;
  std::filesystem::path home_;
  std::map<std::filesystem::path, std::string> gathered_;  // by file
  std::unique_ptr<http::EventLoop::Timer> timer_;
};

}  // namespace lambdapool::local
