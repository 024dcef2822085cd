// What went wrong, as a value: what was tried, on what, and what the service answered.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace lambdapool {

enum class ErrorKind {
  invalid_argument,   // the caller's input; nothing was sent
  credentials,        // no credentials, or unusable ones
  not_found,          // the function (or layer, or role) does not exist
  conflict,           // it exists already, or is being changed by somebody else
  access_denied,      // the service refused this identity
  throttled,          // refused for rate or concurrency until the deadline passed
  payload_too_large,  // request or response beyond the service's limit
  timed_out,          // the function ran into its own timeout
  out_of_memory,      // the function used more memory than it has
  worker_died,        // the function's process ended without an answer
  function_error,     // the function's runtime reported an error of its own
  code_mismatch,      // the code on the other side is missing, stale or of another kind
  network,            // the service could not be reached, or the connection broke
  protocol,           // somebody answered with something that the protocol does not allow
  service,            // the service failed (5xx) or answered an error without a kind above
  cancelled,          // the caller gave up
  io,                 // a local file, directory or process
};

std::string_view to_string(ErrorKind kind);

struct Error {
  ErrorKind kind = ErrorKind::service;
  std::string message;    // one clear sentence: what, where, and what to do
  std::string code = {};  // the service's own error type, such as ResourceNotFoundException
  std::string request_id = {};
  int http_status = 0;        // 0: no answer
  std::string log_tail = {};  // the last lines of the function's log (plain text), where they came along
  std::string detail = {};    // the service's own payload, verbatim (a function error's JSON)
};

template <class T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(ErrorKind kind, std::string message) {
  return tl::unexpected<Error>(Error{kind, std::move(message)});
}

// An always-on assertion for bugs of our own: prints where and what, and aborts.
[[noreturn]] void check_failed(const char* expression, const char* file, int line);
#define LAMBDAPOOL_CHECK(expression) \
  ((expression) ? void(0) : ::lambdapool::check_failed(#expression, __FILE__, __LINE__))

}  // namespace lambdapool
