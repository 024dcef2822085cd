#include "core/error.hpp"

#include <cstdio>
#include <cstdlib>

namespace lambdapool {

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid_argument:
      return "invalid argument";
    case ErrorKind::credentials:
      return "credentials";
    case ErrorKind::not_found:
      return "not found";
    case ErrorKind::conflict:
      return "conflict";
    case ErrorKind::access_denied:
      return "access denied";
    case ErrorKind::throttled:
      return "throttled";
    case ErrorKind::payload_too_large:
      return "payload too large";
    case ErrorKind::timed_out:
      return "timed out";
    case ErrorKind::out_of_memory:
      return "out of memory";
    case ErrorKind::worker_died:
      return "worker died";
    case ErrorKind::function_error:
      return "function error";
    case ErrorKind::code_mismatch:
      return "code mismatch";
    case ErrorKind::network:
      return "network";
    case ErrorKind::protocol:
      return "protocol";
    case ErrorKind::service:
      return "service";
    case ErrorKind::cancelled:
      return "cancelled";
    case ErrorKind::io:
      return "input/output";
  }
  return "unknown";
}

void check_failed(const char* expression, const char* file, int line) {
  std::fprintf(stderr, "lambdapool: bug: %s does not hold at %s:%d\n", expression, file, line);
  std::abort();
}

}  // namespace lambdapool
