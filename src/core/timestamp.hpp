// Points in time as AWS's services and files write them: ISO 8601.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace lambdapool {

// A time_point counts nanoseconds, and overflows in 2262. Some write 9999-12-31 for "never": that is the year
// 2200 here, from which there is room to reckon in both directions, and what is long past is 1900.
std::chrono::system_clock::time_point nearest_time(std::chrono::sys_time<std::chrono::milliseconds> time);

// "2026-11-22T22:14:26Z", with fractions of a second (dropped), and with Z, UTC, +hh:mm, +hhmm or nothing
// (which means UTC) at the end; the nearest time. nullopt where it is something else.
std::optional<std::chrono::system_clock::time_point> parse_timestamp(std::string_view text);

// The same with the fraction's milliseconds.
std::optional<std::chrono::sys_time<std::chrono::milliseconds>> parse_timestamp_ms(std::string_view text);

// "2026-11-22T22:14:26Z".
std::string format_timestamp(std::chrono::system_clock::time_point time);

// "2026-11-22T22:14:26.123Z".
std::string format_timestamp_ms(std::chrono::sys_time<std::chrono::milliseconds> time);

}  // namespace lambdapool
