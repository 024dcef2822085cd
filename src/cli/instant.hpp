// Points in time as people write and read them.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "deploy/log/log_line.hpp"

namespace lambdapool::cli {

using deploy::Instant;

// How long ago (90s, 15m, 1h, 2d, 1w), or when: 2026-11-22, 2026-11-22T19:00, 2026-11-22T19:00:00.5Z, with Z,
// an offset such as +01:00, or neither, which means UTC.
Result<Instant> parse_since(std::string_view text, Instant now);

}  // namespace lambdapool::cli
