// The kinds of what can go wrong, once for C++ and Python. docs/errors.md says of each what it means and what
// to do.
#pragma once

#include <string_view>

namespace lambdapool {

// Numbers and names are stable: a new kind gets the next number.
enum class ErrorKind {
  invalid_argument = 0,   // the caller's input; nothing was sent
  credentials = 1,        // no credentials, or unusable ones
  not_found = 2,          // the function (or layer, or role) does not exist
  conflict = 3,           // it exists already, or is being changed by somebody else
  access_denied = 4,      // the service refused this identity
  throttled = 5,          // refused for rate or concurrency until the deadline passed
  payload_too_large = 6,  // request or response beyond the service's limit
  timed_out = 7,          // the function ran into its own timeout
  out_of_memory = 8,      // the function used more memory than it has
  worker_died = 9,        // the function's process ended without an answer
  function_error = 10,    // the function's runtime reported an error of its own
  code_mismatch = 11,     // the code on the other side is missing, stale or of another kind
  network = 12,           // the service could not be reached, or the connection broke
  protocol = 13,          // somebody answered with something that the protocol does not allow
  service = 14,           // the service failed (5xx) or answered an error without a kind above
  cancelled = 15,         // the caller gave up, or the pool was destroyed
  io = 16,                // a local file, directory or process
  run = 17,               // a named run is under way elsewhere, has changed, or has items that may have run
  budget = 18,            // not sent, because the map would have cost more than its max_cost
};
inline constexpr int error_kinds = 19;

// The kind's stable code, which is its name: "payload_too_large".
constexpr std::string_view to_string(ErrorKind kind) {
  constexpr std::string_view names[error_kinds] = {"invalid_argument",
                                                   "credentials",
                                                   "not_found",
                                                   "conflict",
                                                   "access_denied",
                                                   "throttled",
                                                   "payload_too_large",
                                                   "timed_out",
                                                   "out_of_memory",
                                                   "worker_died",
                                                   "function_error",
                                                   "code_mismatch",
                                                   "network",
                                                   "protocol",
                                                   "service",
                                                   "cancelled",
                                                   "io",
                                                   "run",
                                                   "budget"};
  return names[static_cast<int>(kind)];
}

}  // namespace lambdapool
