#include "report/figures.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string_view>

namespace lambdapool::report {
namespace {

constexpr std::array parts{0.5, 0.9, 0.99};
constexpr std::array part_names{"p50", "p90", "p99"};
constexpr std::size_t name_width = 16;

}  // namespace

std::string printed(const char* format, double number) {
  char text[64];
  std::snprintf(text, sizeof text, format, number);
  return text;
}

std::string duration(double milliseconds) {
  if (milliseconds > 0 && milliseconds < 0.1) return printed("%.3g us", milliseconds * 1000);
  if (milliseconds < 999.5) return printed("%.3g ms", milliseconds);
  if (milliseconds < 120'000) return printed("%.2f s", milliseconds / 1000);
  const double minutes = std::floor(milliseconds / 60'000);
  if (minutes < 120)
    return printed("%.0f min", minutes) + printed(" %.0f s", std::floor(milliseconds / 1000 - 60 * minutes));
  return printed("%.0f h", std::floor(minutes / 60)) + printed(" %.0f min", std::fmod(minutes, 60));
}

std::string bytes(double count) {
  if (count < 1000) return printed("%.0f B", count);
  if (count < 1e6) return printed("%.1f kB", count / 1e3);
  if (count < 1e9) return printed("%.1f MB", count / 1e6);
  return printed("%.1f GB", count / 1e9);
}

std::string dollars(double amount) {
  if (amount >= 1) return printed("$%.2f", amount);
  const int decimals = amount > 0 ? std::max(6, 1 - static_cast<int>(std::floor(std::log10(amount)))) : 6;
  char text[64];
  std::snprintf(text, sizeof text, "$%.*f", std::min(decimals, 18), amount);
  return text;
}

std::string in_words(const Distribution& durations) {
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i)
    text += std::string(part_names[i]) + " " + duration(durations.quantile(parts[i])) + ", ";
  return text + "at most " + duration(durations.max());
}

nlohmann::ordered_json json_of(const Distribution& durations) {
  nlohmann::ordered_json out{{"count", durations.count()}, {"sum", durations.sum()}};
  for (std::size_t i = 0; i < parts.size(); ++i) out[part_names[i]] = durations.quantile(parts[i]);
  out["max"] = durations.max();
  return out;
}

std::string in_words(const Prices& prices) {
  return prices.region + ", " + prices.architecture + ", prices of " + prices.date;
}

nlohmann::ordered_json json_of(const Prices& prices) {
  return {{"region", prices.region}, {"architecture", prices.architecture}, {"date", prices.date}};
}

void Rows::add(const char* name, const std::string& value) {
  text_ += name + std::string(name_width - std::string_view(name).size(), ' ') + value + "\n";
}

}  // namespace lambdapool::report
