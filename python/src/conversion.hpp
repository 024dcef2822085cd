// Values of the engine as Python's.
#pragma once

#include <nanobind/nanobind.h>

#include <string>

#include "core/error.hpp"

namespace lambdapool::python {

nanobind::object text(const std::string& bytes);  // what is not UTF-8 is replaced

// (kind's number, message, code, request id, HTTP status, log tail, detail), as lambdapool.errors.from_native
// reads it.
nanobind::tuple to_tuple(const Error& error);

}  // namespace lambdapool::python
