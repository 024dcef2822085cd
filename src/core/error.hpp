// What went wrong, as a value: what was tried, on what, and what the service answered.
#pragma once

#include <exception>
#include <string>
#include <tl/expected.hpp>
#include <utility>

#include "lambdapool/error_kind.hpp"

namespace lambdapool {

struct Error {
  ErrorKind kind = ErrorKind::service;
  std::string message;    // one clear sentence: what, where, and what to do
  std::string code = {};  // the service's own error type, such as ResourceNotFoundException
  std::string request_id = {};
  int http_status = 0;        // 0: no answer
  std::string log_tail = {};  // the last lines of the function's log (plain text), where they came along
  std::string detail = {};    // the service's own payload, verbatim (a function error's JSON)
  std::string reason = {};    // the service's own, of a throttle: ConcurrentInvocationLimitExceeded
};

template <class T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(ErrorKind kind, std::string message) {
  return tl::unexpected<Error>(Error{kind, std::move(message)});
}

// What the system calls an errno; a disk or quota without room is always "the disk is full".
std::string system_reason(int error_number);
// The same of an exception; want of memory says so.
std::string reason_of(const std::exception& failure);

// An always-on assertion for bugs of our own: prints where and what, and aborts.
[[noreturn]] void check_failed(const char* expression, const char* file, int line);
#define LAMBDAPOOL_CHECK(expression) \
  ((expression) ? void(0) : ::lambdapool::check_failed(#expression, __FILE__, __LINE__))

}  // namespace lambdapool
