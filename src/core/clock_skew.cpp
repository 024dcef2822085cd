#include "core/clock_skew.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "core/timestamp.hpp"

namespace lambdapool::clock_skew {
namespace {

using std::string_view_literals::operator""sv;

// AWS accepts signatures for five minutes either way: less than this is not what it complains of.
constexpr std::chrono::minutes least{1};

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

bool is_about_time(const Error& refusal) {
  constexpr std::array always = {"RequestTimeTooSkewed"sv, "RequestExpired"sv, "RequestInTheFuture"sv};
  if (std::ranges::find(always, refusal.code) != always.end()) return true;
  constexpr std::array sometimes = {"InvalidSignatureException"sv, "SignatureDoesNotMatch"sv,
                                    "AuthFailure"sv};
  if (std::ranges::find(sometimes, refusal.code) == sometimes.end()) return false;
  for (const auto* text : {&refusal.message, &refusal.detail}) {
    if (text->find("Signature expired") != std::string::npos) return true;
    if (text->find("Signature not yet current") != std::string::npos) return true;
  }
  return false;
}

std::optional<Offset> correction(const Error& refusal, std::string_view date, Time now, Offset used) {
  if (!is_about_time(refusal)) return std::nullopt;
  const auto there = parse_http_date(date);
  if (!there) return std::nullopt;
  const auto offset = std::chrono::round<Offset>(*there - now);
  if (std::chrono::abs(offset - used) < least) return std::nullopt;
  return offset;
}

std::optional<Time> parse_http_date(std::string_view text) {
  constexpr auto shape = "Sun, 06 Nov 1994 08:49:37 GMT"sv;
  constexpr std::array months = {"Jan"sv, "Feb"sv, "Mar"sv, "Apr"sv, "May"sv, "Jun"sv,
                                 "Jul"sv, "Aug"sv, "Sep"sv, "Oct"sv, "Nov"sv, "Dec"sv};
  if (text.size() != shape.size() || !text.ends_with(" GMT")) return std::nullopt;
  const auto month = std::ranges::find(months, text.substr(8, 3));
  const auto day = number(text.substr(5, 2)), year = number(text.substr(12, 4));
  const auto hour = number(text.substr(17, 2)), minute = number(text.substr(20, 2)),
             second = number(text.substr(23, 2));
  if (month == months.end() || !day || !year || !hour || !minute || !second) return std::nullopt;
  using namespace std::chrono;
  const auto date = std::chrono::year(*year) / static_cast<int>(month - months.begin() + 1) / *day;
  if (!date.ok()) return std::nullopt;
  return nearest_time(sys_days(date) + hours(*hour) + minutes(*minute) + seconds(*second));
}

}  // namespace lambdapool::clock_skew
