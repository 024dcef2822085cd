// How an invocation fails when the platform, not the handler, says so. Bodies as real Lambda words them
// (answers recorded in 2026).
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace lambdapool::local {

struct InvocationError {
  enum class Status { error, timeout };
  // Whose failure it is. `machinery`: a process of ours ended while the worker was starting, so that nothing
  // ran.
  enum class Cause { function, machinery };
  std::string type;    // "Runtime.ExitError"
  std::string reason;  // the sentence behind "RequestId: ... Error: "
  Status status = Status::error;
  Cause cause = Cause::function;
  std::string payload = {};  // a body of the runtime's own (init error), passed on verbatim
};

InvocationError exited(int wait_status);
InvocationError machinery_lost(const std::string& why);  // "the supervisor process ended (signal: killed)"
std::string how_it_ended(int wait_status);               // "signal: killed", "exit status 1"
InvocationError timed_out(std::chrono::milliseconds limit);
InvocationError out_of_memory();
InvocationError no_bootstrap();
InvocationError response_too_large(std::int64_t bytes_max);

// The JSON that the caller gets.
std::string payload_of(const InvocationError& failure, std::string_view request_id);

}  // namespace lambdapool::local
