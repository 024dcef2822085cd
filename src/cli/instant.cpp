#include "cli/instant.hpp"

#include <cstdint>
#include <optional>
#include <regex>

namespace lambdapool::cli {
namespace {

using namespace std::chrono;
using Match = std::match_results<std::string_view::const_iterator>;

int number(const Match& parts, std::size_t part) {
  return parts[part].matched ? std::stoi(parts[part].str()) : 0;
}

std::optional<Instant> parse_age(std::string_view text, Instant now) {
  static const std::regex form(R"((\d{1,6})([smhdw]))");
  Match parts;
  if (!std::regex_match(text.begin(), text.end(), parts, form)) return std::nullopt;
  const int count = number(parts, 1);
  switch (*parts[2].first) {
    case 's':
      return now - seconds{count};
    case 'm':
      return now - minutes{count};
    case 'h':
      return now - hours{count};
    case 'd':
      return now - days{count};
    default:
      return now - weeks{count};
  }
}

std::optional<Instant> parse_date(std::string_view text) {
  static const std::regex form(
      R"((\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(?:Z|([+-])(\d\d):?(\d\d))?)?)");
  Match parts;
  if (!std::regex_match(text.begin(), text.end(), parts, form)) return std::nullopt;
  const year_month_day date{year{number(parts, 1)}, month{static_cast<unsigned>(number(parts, 2))},
                            day{static_cast<unsigned>(number(parts, 3))}};
  if (!date.ok() || number(parts, 4) > 23 || number(parts, 5) > 59 || number(parts, 6) > 60)
    return std::nullopt;
  const auto fraction = parts[7].matched ? (parts[7].str() + "00").substr(0, 3) : "0";
  auto offset = hours{number(parts, 9)} + minutes{number(parts, 10)};
  if (parts[8].matched && *parts[8].first == '-') offset = -offset;
  return Instant{sys_days{date}} + hours{number(parts, 4)} + minutes{number(parts, 5)} +
         seconds{number(parts, 6)} + milliseconds{std::stoi(fraction)} - offset;
}

}  // namespace

Result<Instant> parse_since(std::string_view text, Instant now) {
  if (const auto age = parse_age(text, now)) return *age;
  if (const auto date = parse_date(text)) return *date;
  return fail(ErrorKind::invalid_argument,
              "'" + std::string(text) +
                  "' is not a time; --since takes how long ago (90s, 15m, 1h, 2d) or "
                  "when (2026-11-22 or 2026-11-22T19:00:00Z).");
}

}  // namespace lambdapool::cli
