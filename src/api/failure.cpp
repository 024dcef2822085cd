#include "api/failure.hpp"

#include <utility>

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
  const ErrorDetails details{error.request_id, error.log_tail, error.code, item};
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
