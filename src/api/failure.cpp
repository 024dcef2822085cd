#include "api/failure.hpp"

#include "lambdapool/errors.hpp"

namespace lambdapool::api {

void throw_error(const Error& error, std::optional<std::size_t> item) {
  const ErrorDetails details{error.request_id, error.log_tail, error.code, item};
  switch (error.kind) {
    case ErrorKind::invalid_argument:
      throw InvalidArgument(error.message, details);
    case ErrorKind::credentials:
      throw CredentialsError(error.message, details);
    case ErrorKind::not_found:
      throw NotFound(error.message, details);
    case ErrorKind::conflict:
      throw Conflict(error.message, details);
    case ErrorKind::access_denied:
      throw AccessDenied(error.message, details);
    case ErrorKind::throttled:
      throw Throttled(error.message, details);
    case ErrorKind::payload_too_large:
      throw PayloadTooLarge(error.message, details);
    case ErrorKind::timed_out:
      throw TimedOut(error.message, details);
    case ErrorKind::out_of_memory:
      throw OutOfMemory(error.message, details);
    case ErrorKind::worker_died:
      throw WorkerDied(error.message, details);
    case ErrorKind::function_error:
      throw FunctionError(error.message, details);
    case ErrorKind::code_mismatch:
      throw CodeMismatch(error.message, details);
    case ErrorKind::network:
      throw NetworkError(error.message, details);
    case ErrorKind::protocol:
      throw ProtocolError(error.message, details);
    case ErrorKind::service:
      throw ServiceError(error.message, details);
    case ErrorKind::cancelled:
      throw Cancelled(error.message, details);
    case ErrorKind::io:
      throw IoError(error.message, details);
  }
  throw ServiceError(error.message, details);
}

std::exception_ptr to_exception(const Error& error, std::optional<std::size_t> item) {
  try {
    throw_error(error, item);
  } catch (...) {
    return std::current_exception();
  }
}

}  // namespace lambdapool::api
