// What a pool's user decides about its calls.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "cloud/caller.hpp"
#include "core/error.hpp"
#include "http/client.hpp"
#include "pool/window.hpp"
#include "report/call.hpp"

namespace lambdapool::pool {

void warn_on_stderr(const std::string& warning);

struct EngineOptions {
  std::string function;  // name, name:qualifier or ARN
  int workers = 10;      // at most so many calls in flight, 1 to 10,000
  // The read timeout is this plus read_margin. If not given: what the function's answers say of its own
  // timeout, and until the first of them the longest that a function can have.
  std::optional<std::chrono::seconds> function_timeout = {};
  // A throttled call is tried again until nothing of this engine has got through for so long; while its
  // own calls run or complete, the service is merely busy with them.
  std::chrono::milliseconds throttle_deadline{300'000};
  // A call that has not reached the service is tried again until nothing of this engine has for so long.
  std::chrono::milliseconds network_deadline{120'000};
  // What users should know while their calls wait, one line; runs on the I/O thread and must not block.
  std::function<void(const std::string&)> warn = warn_on_stderr;
  // A call that may have run is sent again only where running twice does no harm; then `retries` times, and
  // where that is not given also while the network is out, until its deadline.
  bool idempotent = false;
  std::optional<int> retries = {};  // with idempotent: 2 unless given
  // Told of every call that was sent, once it has come to its end, on the I/O thread before its `done`; must
  // not block. `failure`: the kind of its error, null where there is none.
  using Observe = std::function<void(std::uint64_t call, const report::CallTimes&, const ErrorKind* failure)>;
  Observe observe = {};
  // Of a call of several items, on the I/O thread: only so many of them, the first ones, will run in it.
  // Where it is given, such calls go as rows (http/in_process.hpp) where the target has them.
  using Cut = std::function<void(std::uint64_t call, std::size_t items)>;
  Cut cut = {};
  // A call that waits behind another at its worker is had back after so long: others may have ended that were
  // shorter.
  std::chrono::milliseconds early_for{5};
  // Calls ask for what their tasks print, where there is a way for it (EarlyParts has it).
  bool wants_output = false;
  // The function's own timeout always comes first; this much later something is wrong with the connection.
  std::chrono::milliseconds read_margin{30'000};
};

Result<void> validate(const EngineOptions& options);  // error kind invalid_argument

// How often a call that may have run is sent again.
int retries_of(const EngineOptions& options);

Window::Patience patience_of(const EngineOptions& options);

// `in_process`: the service, where it is in this process.
http::ClientOptions client_options(const cloud::Route& route, const EngineOptions& options,
                                   std::shared_ptr<http::InProcess> in_process);

}  // namespace lambdapool::pool
