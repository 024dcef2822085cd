// How an exception's own type is written and thrown again: what send_exception<E>() registers.
#pragma once

#include <exception>
#include <typeinfo>

#include "lambdapool/codec/bytes.hpp"
#include "lambdapool/errors.hpp"

namespace lambdapool::detail {

struct ExceptionType {
  const std::type_info* type;
  void (*write)(Writer& out, const std::exception& error);
  void (*raise)(Reader& in, std::vector<RemoteError::Cause> chain, std::exception_ptr nested);
};

// Once for a type; registering it again changes nothing.
void register_exception(const ExceptionType& type);

// Throws `error`, around `nested` where there is one.
template <class E>
[[noreturn]] void raise(E error, std::exception_ptr nested) {
  if (!nested) throw error;
  try {
    std::rethrow_exception(nested);
  } catch (...) {
    std::throw_with_nested(std::move(error));
  }
}

}  // namespace lambdapool::detail
