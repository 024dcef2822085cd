// Where errors, which are values inside, become exceptions.
#pragma once

#include <exception>

#include "core/error.hpp"

namespace lambdapool::api {

[[noreturn]] void throw_error(const Error& error);
std::exception_ptr to_exception(const Error& error);

}  // namespace lambdapool::api
