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
  constexpr std::array<std::pair<std::int64_t, const char*>, 6> units{
      {{365 * 86'400, "year"}, {30 * 86'400, "month"}, {86'400, "day"}, {3'600, "hour"}, {60, "minute"}, {1, "second"}}};
  for (const auto& [seconds, name] : units) {
    const std::int64_t count = age.count() / seconds;
    if (count > 0) return std::to_string(count) + " " + name + (count == 1 ? "" : "s") + " ago";
  }
  return "just now";
}

std::optional<std::chrono::system_clock::time_point> parse_last_modified(std::string_view text) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, milli = 0, zone = 0;
  char sign = '+';
  const std::string copy(text);
  const int read = std::sscanf(copy.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d.%3d%c%4d", &year, &month, &day, &hour, &minute,
                               &second, &milli, &sign, &zone);
  if (read < 6) return std::nullopt;
  using namespace std::chrono;
  const year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                            std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok()) return std::nullopt;
  const auto offset = hours{zone / 100} + minutes{zone % 100};
  auto at = sys_days{date} + hours{hour} + minutes{minute} + seconds{second} + milliseconds{milli};
  at += sign == '-' ? milliseconds{offset} : -milliseconds{offset};
  return system_clock::time_point{at};
}

}  // namespace lambdapool::cli
