#include "api/failure.hpp"

#include <sstream>
#include <utility>

#include "api/crash.hpp"
#include "aws/lambda/report.hpp"
#include "lambdapool/errors.hpp"

namespace lambdapool::api {
namespace {

template <int... kinds>
[[noreturn]] void throw_as(ErrorKind kind, const std::string& message, const ErrorDetails& details,
                           std::integer_sequence<int, kinds...>) {
  ((kind == ErrorKind{kinds} ? throw ErrorOf<ErrorKind{kinds}>(message, details) : void()), ...);
  throw ServiceError(message, details);
}

}  // namespace

void throw_error(const Error& error, std::optional<std::size_t> item) {
  ErrorDetails details{error.request_id, error.log_tail, error.code, item};
  if (error.kind == ErrorKind::worker_died || error.kind == ErrorKind::timed_out)
    details.crash = crash_of(error.log_tail, error.message);
  if (const auto report = aws::find_report(error.log_tail))
    details.max_memory_used_mb = report->max_memory_used_mb;
  throw_as(error.kind, error.message, details, std::make_integer_sequence<int, error_kinds>{});
}

std::exception_ptr to_exception(const Error& error, std::optional<std::size_t> item) {
  try {
    throw_error(error, item);
  } catch (...) {
    return std::current_exception();
  }
}

}  // namespace lambdapool::api

namespace lambdapool {

std::string to_string(const StackFrame& frame) {
  std::string text = frame.function.empty() ? "??" : frame.function;
  if (!frame.file.empty()) return text + " at " + frame.file + ":" + std::to_string(frame.line);
  std::ostringstream place;
  place << " (" << (frame.module.empty() ? "the executable" : frame.module) << "+0x" << std::hex
        << frame.offset << ")";
  return text + place.str();
}

}  // namespace lambdapool
