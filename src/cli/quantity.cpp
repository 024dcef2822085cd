#include "cli/quantity.hpp"

#include <array>
#include <cstdio>
#include <utility>

namespace lambdapool::cli {

std::string readable_size(std::int64_t bytes) {
  if (bytes < 1024) return std::to_string(bytes) + " B";
  constexpr std::array units{"KB", "MB", "GB"};
  double value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < units.size()) {
    value /= 1024;
    ++unit;
  }
  char text[48];
  std::snprintf(text, sizeof text, "%.2f %s", value, units[unit]);
  return text;
}

std::string readable_age(std::chrono::seconds age) {
  constexpr std::array<std::pair<std::int64_t, const char*>, 6> units{{{365 * 86'400, "year"},
                                                                       {30 * 86'400, "month"},
                                                                       {86'400, "day"},
                                                                       {3'600, "hour"},
                                                                       {60, "minute"},
                                                                       {1, "second"}}};
  for (const auto& [seconds, name] : units) {
    const std::int64_t count = age.count() / seconds;
    if (count > 0) return std::to_string(count) + " " + name + (count == 1 ? "" : "s") + " ago";
  }
  return "just now";
}

}  // namespace lambdapool::cli
