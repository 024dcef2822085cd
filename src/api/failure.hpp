// Where errors, which are values inside, become exceptions.
#pragma once

#include <cstddef>
#include <exception>
#include <optional>

#include "core/error.hpp"

namespace lambdapool::api {

// `item`: of a map's elements, which.
[[noreturn]] void throw_error(const Error& error, std::optional<std::size_t> item = {});
std::exception_ptr to_exception(const Error& error, std::optional<std::size_t> item = {});

}  // namespace lambdapool::api
