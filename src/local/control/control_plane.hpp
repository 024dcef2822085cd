// Receives requests, checks their signatures, and answers them: Invoke on the event loop's thread through the
// Invoker, everything else as an operation on a background thread. Both sides meet only in the database and
// in what is posted between the threads.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/error.hpp"
#include "core/sigv4.hpp"
#include "http/event_loop.hpp"
#include "http/server.hpp"
#include "local/control/admission.hpp"
#include "local/control/operation.hpp"
#include "local/control/router.hpp"
#include "local/invoke/event_queue.hpp"
#include "local/logs/log_calls.hpp"
#include "local/store/code_store.hpp"
#include "local/store/database.hpp"
#include "local/worker/workers.hpp"

namespace lambdapool::local {

struct ControlPlaneOptions {
  std::filesystem::path home;
  std::optional<sigv4::Identity> identity = {};
  AdmissionOptions admission = {};
  std::string region = "us-east-1";
  int concurrency = 1'000;
  std::function<void(const std::string&)> log = {};
  std::function<void(const std::string&)> warn = [](const std::string&) {};
  EventPolicy events = {};
  std::function<std::chrono::system_clock::time_point()> clock = [] {
    return std::chrono::system_clock::now();
  };
};

class ControlPlane {
 public:
  // Opens the home. `loop` and `workers` must outlive it. Error kind io.
  static Result<std::unique_ptr<ControlPlane>> open(http::EventLoop& loop, Workers& workers,
                                                    ControlPlaneOptions options);
  ~ControlPlane();  // not on the loop's thread; no request may arrive any more

  // Both on the loop's thread. The screen is the listener's (http::Guard) and comes first: it says who may
  // speak, by the caller, the Host and what of a signature can be judged without the body.
  std::optional<http::Response> screen(const http::Request& head, const http::Caller& caller);
  void handle(http::Request request, http::Responder responder);
  // Of this process's own pools, which need no signature and send no payload that is not JSON.
  void handle_own(http::Request request, http::Responder responder);
  // That this function, as a call names it, is going to be called. From any thread.
  void expect(std::string function);
  bool is_idle() const;  // on the loop's thread: every request has its answer

  // Between the two nothing is done in the background. Not on the loop's thread.
  void pause();
  void resume();

  // "NAME: TracingConfig, VpcConfig" of each function with settings that have no effect here. From any
  // thread.
  std::vector<std::string> without_effect();

  // Where each function writes, as its LoggingConfig says. From any thread.
  std::vector<LogGroup> log_groups();

  // Lets go of the database until it is used again, so that a forked child may use the file, too. After
  // pause(), while the loop is held up.
  void disconnect();
  // In that child: closes what would make the parent's end go unnoticed.
  void close_in_fork();

 private:
  struct Impl;
  explicit ControlPlane(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace lambdapool::local
