#include "core/timestamp.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>

namespace lambdapool {

namespace {

using namespace std::chrono;

class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool character(std::string_view allowed) {
    if (rest_.empty() || allowed.find(rest_.front()) == std::string_view::npos) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool word(std::string_view wanted) {
    if (!rest_.starts_with(wanted)) return false;
    rest_.remove_prefix(wanted.size());
    return true;
  }
  std::optional<int> number(std::size_t digits) {
    int value = 0;
    if (rest_.size() < digits || rest_.front() < '0' || rest_.front() > '9') return std::nullopt;
    const auto* end = rest_.data() + digits;
    const auto [stopped, error] = std::from_chars(rest_.data(), end, value);
    if (error != std::errc() || stopped != end) return std::nullopt;
    rest_.remove_prefix(digits);
    return value;
  }
  char next() const { return rest_.empty() ? '\0' : rest_.front(); }
  bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

std::optional<sys_days> date(Reader& in) {
  const auto y = in.number(4);
  if (!y || !in.character("-")) return std::nullopt;
  const auto m = in.number(2);
  if (!m || !in.character("-")) return std::nullopt;
  const auto d = in.number(2);
  if (!d) return std::nullopt;
  const year_month_day day{year(*y), month(static_cast<unsigned>(*m)),
                           std::chrono::day(static_cast<unsigned>(*d))};
  if (!day.ok()) return std::nullopt;
  return sys_days(day);
}

// Of the digits behind the point, as many as there are.
milliseconds fraction(Reader& in) {
  milliseconds sum(0);
  for (int scale = 100;; scale /= 10) {
    const auto digit = in.number(1);
    if (!digit) return sum;
    sum += milliseconds(*digit * scale);
  }
}

std::optional<milliseconds> time_of_day(Reader& in) {
  const auto h = in.number(2);
  if (!h || !in.character(":")) return std::nullopt;
  const auto m = in.number(2);
  if (!m || !in.character(":")) return std::nullopt;
  const auto s = in.number(2);
  if (!s || *h > 23 || *m > 59 || *s > 60) return std::nullopt;
  const milliseconds rest = in.character(".,") ? fraction(in) : milliseconds(0);
  return hours(*h) + minutes(*m) + seconds(*s) + rest;
}

// What local time is ahead of UTC.
std::optional<seconds> offset(Reader& in) {
  if (in.at_end() || in.word("Z") || in.word("UTC")) return seconds(0);
  const bool behind = in.next() == '-';
  if (!in.character("+-")) return std::nullopt;
  const auto h = in.number(2);
  in.character(":");
  const auto m = in.number(2);
  if (!h || !m) return std::nullopt;
  const seconds ahead = hours(*h) + minutes(*m);
  return behind ? -ahead : ahead;
}

}  // namespace

system_clock::time_point nearest_time(sys_time<milliseconds> time) {
  constexpr sys_time<milliseconds> earliest = sys_days(year(1900) / 1 / 1),
                                   latest = sys_days(year(2200) / 1 / 1);
  return std::clamp(time, earliest, latest);
}

std::optional<sys_time<milliseconds>> parse_timestamp_ms(std::string_view text) {
  Reader in(text);
  const auto day = date(in);
  if (!day || !in.character("Tt ")) return std::nullopt;
  const auto time = time_of_day(in);
  if (!time) return std::nullopt;
  const auto ahead = offset(in);
  if (!ahead || !in.at_end()) return std::nullopt;
  return floor<milliseconds>(nearest_time(*day + *time - *ahead));
}

std::optional<system_clock::time_point> parse_timestamp(std::string_view text) {
  const auto time = parse_timestamp_ms(text);
  if (!time) return std::nullopt;
  return floor<seconds>(*time);
}

std::string format_timestamp(system_clock::time_point time) {
  std::string text = format_timestamp_ms(floor<milliseconds>(time));
  text.erase(text.size() - 5, 4);  // ".123"
  return text;
}

std::string format_timestamp_ms(sys_time<milliseconds> time) {
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(time - day);
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return text;
}

}  // namespace lambdapool
