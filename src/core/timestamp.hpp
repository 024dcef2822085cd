// Points in time as AWS's services and files write them: ISO 8601.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace lambdapool {

// "2026-11-22T22:14:26Z", with fractions of a second (dropped), and with Z, UTC, +hh:mm, +hhmm or nothing
// (which means UTC) at the end. nullopt where it is something else.
std::optional<std::chrono::system_clock::time_point> parse_timestamp(std::string_view text);

// "2026-11-22T22:14:26Z".
std::string format_timestamp(std::chrono::system_clock::time_point time);

}  // namespace lambdapool
