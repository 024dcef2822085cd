// Sizes and ages as people read them.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lambdapool::cli {

std::string readable_size(std::int64_t bytes);       // "512 B", "49.75 KB", "1.20 MB"
std::string readable_age(std::chrono::seconds age);  // "20 seconds ago", "1 hour ago"; never negative

// ISO 8601 as Lambda's LastModified has it, 2026-11-22T19:00:00.000+0000; nullopt where it is not of that
// form.
std::optional<std::chrono::system_clock::time_point> parse_last_modified(std::string_view text);

}  // namespace lambdapool::cli
