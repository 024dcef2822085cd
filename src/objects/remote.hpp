// What lies behind a URL that somebody else has signed: the worker's way to data. Tried again where that may
// help.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/error.hpp"

namespace lambdapool::objects {

// The object, of exactly `size` bytes, into `into`.
Result<void> fetch(const std::string& url, char* into, std::uint64_t size);
Result<void> put(const std::string& url, std::string_view bytes);

}  // namespace lambdapool::objects
