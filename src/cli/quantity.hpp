// Sizes and ages as people read them.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace lambdapool::cli {

std::string readable_size(std::int64_t bytes);       // "512 B", "49.75 KB", "1.20 MB"
std::string readable_age(std::chrono::seconds age);  // "20 seconds ago", "1 hour ago"; never negative

}  // namespace lambdapool::cli
