// An exception as bytes: the chain of what was thrown, outermost first, each with its type's name, its
// what(), its most derived standard class, and its own fields where send_exception registered them.
#pragma once

#include <exception>
#include <string>
#include <string_view>

namespace lambdapool::runtime {

std::string describe_exception(const std::exception_ptr& thrown);

// Throws what `bytes` describes, as Remote<E>; MalformedMessage where they describe nothing.
[[noreturn]] void throw_described(std::string_view bytes);

}  // namespace lambdapool::runtime
