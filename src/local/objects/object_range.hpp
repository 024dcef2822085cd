// Which part of an object a GET wants, and whether it wants it at all (RFC 9110, 13 and 14).
#pragma once

#include <cstdint>
#include <optional>

#include "http/message.hpp"
#include "local/control/refusal.hpp"
#include "local/objects/object_files.hpp"

namespace lambdapool::local {

struct Range {
  std::uint64_t begin = 0;
  std::uint64_t size = 0;
};
// nullopt: all of it (also where there are several ranges, which S3 does not serve). 416 where nothing of
// the object lies in it.
OrRefusal<std::optional<Range>> range_of(const http::Request& request, std::uint64_t size);

// 304 or 412 where the conditions do not hold.
OrRefusal<void> check_conditions(const http::Request& request, const ObjectInfo& info);

}  // namespace lambdapool::local
