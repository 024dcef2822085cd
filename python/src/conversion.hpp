// Values of the engine as Python's.
#pragma once

#include <nanobind/nanobind.h>

#include <optional>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "pool/batch.hpp"

namespace lambdapool::python {

nanobind::object text(const std::string& bytes);  // what is not UTF-8 is replaced

// (kind's number, message, code, request id, HTTP status, log tail, detail), as lambdapool.errors.from_native
// reads it.
nanobind::tuple to_tuple(const Error& error);

// The names of those kinds of errors with which an item may have run.
nanobind::tuple kinds_that_may_have_run();

// (first, count), or None; a list of them.
nanobind::object range(const std::optional<pool::Batch::Chunk>& chunk);
nanobind::list ranges(const std::vector<pool::Batch::Chunk>& chunks);

}  // namespace lambdapool::python
