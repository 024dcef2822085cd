#include <array>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/instant.hpp"
#include "cli/verbs.hpp"
#include "deploy/log/log_stats.hpp"

namespace lambdapool::cli {
namespace {

constexpr std::array parts{0.5, 0.9, 0.99};
constexpr std::array part_names{"p50", "p90", "p99"};

std::string printed(const char* format, double number) {
  char text[64];
  std::snprintf(text, sizeof text, format, number);
  return text;
}

std::string duration(double milliseconds) {
  return milliseconds < 1000 ? printed("%.3g ms", milliseconds) : printed("%.2f s", milliseconds / 1000);
}

// "p50 12 ms, p90 15 ms, p99 80 ms, at most 1.20 s"
std::string in_words(const report::Distribution& durations) {
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i)
    text += std::string(part_names[i]) + " " + duration(durations.quantile(parts[i])) + ", ";
  return text + "at most " + duration(durations.max());
}

std::string failures(const report::Invocations& invocations) {
  if (invocations.timed_out() + invocations.failed() == 0) return "";
  return ", " + std::to_string(invocations.timed_out()) + " timed out, " +
         std::to_string(invocations.failed()) + " failed otherwise";
}

std::string table(const deploy::LogStats& stats) {
  const report::Invocations& all = stats.invocations;
  const report::Distribution& starts = all.cold_starts_ms();
  std::string cold = std::to_string(starts.count());
  if (starts.count() > 0) cold += ": " + in_words(starts);
  std::string text;
  const auto row = [&](const char* name, const std::string& value) {
    text += name + std::string(16 - std::string(name).size(), ' ') + value + "\n";
  };
  row("Invocations", std::to_string(all.count()) + failures(all));
  row("Duration", in_words(all.durations_ms()));
  row("Cold starts", cold);
  row("Environments", std::to_string(stats.streams.size()));
  row("Memory", "used at most " + std::to_string(all.max_memory_used_mb()) + " of " +
                    std::to_string(all.memory_mb()) + " MB");
  row("Billed", duration(all.billed_ms()) + ", " + printed("%.4g GB-s", all.gb_seconds()));
  row("Cost", printed("$%.6f", all.cost(stats.prices)) + " (" + stats.prices.region + ", " +
                  stats.prices.architecture + ", prices of " + stats.prices.date + ")");
  return text;
}

nlohmann::ordered_json json_of(const report::Distribution& durations) {
  nlohmann::ordered_json out{{"count", durations.count()}, {"sum", durations.sum()}};
  for (std::size_t i = 0; i < parts.size(); ++i) out[part_names[i]] = durations.quantile(parts[i]);
  out["max"] = durations.max();
  return out;
}

std::string json_of(const deploy::LogStats& stats) {
  const report::Invocations& all = stats.invocations;
  const nlohmann::ordered_json out{{"invocations", all.count()},
                                   {"timed_out", all.timed_out()},
                                   {"failed", all.failed()},
                                   {"environments", stats.streams.size()},
                                   {"duration_ms", json_of(all.durations_ms())},
                                   {"init_ms", json_of(all.cold_starts_ms())},
                                   {"memory_mb", all.memory_mb()},
                                   {"max_memory_used_mb", all.max_memory_used_mb()},
                                   {"billed_ms", all.billed_ms()},
                                   {"gb_seconds", all.gb_seconds()},
                                   {"cost_usd", all.cost(stats.prices)},
                                   {"prices",
                                    {{"region", stats.prices.region},
                                     {"architecture", stats.prices.architecture},
                                     {"date", stats.prices.date}}}};
  return out.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace

Result<void> show_stats(const Context& context, const StatsOptions& options) {
  const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const auto since = parse_since(options.since.value_or("1h"), now);
  if (!since) return tl::unexpected(since.error());
  auto connection = context.connection();
  const auto stats = deploy::read_stats(connection, options.name, *since, context.stop());
  if (!stats) return tl::unexpected(stats.error());
  if (options.json)
    std::cout << json_of(*stats) << std::flush;
  else if (stats->invocations.count() == 0)
    std::cerr << "No invocation of " << options.name << " has ended since " << format_instant(*since)
              << "; --since looks further back, as in --since 7d.\n";
  else
    std::cout << table(*stats) << std::flush;
  return {};
}

}  // namespace lambdapool::cli
