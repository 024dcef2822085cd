#include "cli/quantity.hpp"

#include <array>
#include <cstdio>
#include <regex>
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

std::optional<std::chrono::system_clock::time_point> parse_last_modified(std::string_view text) {
  static const std::regex form(
      R"((\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{3})\d*)?(?:Z|([+-]\d\d):?(\d\d)))");
  std::match_results<std::string_view::const_iterator> parts;
  if (!std::regex_match(text.begin(), text.end(), parts, form)) return std::nullopt;
  const auto number = [&](std::size_t part) {
    return parts[part].matched ? std::stoi(parts[part].str()) : 0;
  };
  using namespace std::chrono;
  const year_month_day date{year{number(1)}, month{static_cast<unsigned>(number(2))},
                            day{static_cast<unsigned>(number(3))}};
  if (!date.ok()) return std::nullopt;
  const auto time = hours{number(4)} + minutes{number(5)} + seconds{number(6)} + milliseconds{number(7)};
  const bool west = parts[8].matched && *parts[8].first == '-';
  const auto offset = hours{number(8)} + minutes{west ? -number(9) : number(9)};
  return system_clock::time_point{sys_days{date} + time - offset};
}

}  // namespace lambdapool::cli
