#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/instant.hpp"
#include "cli/verbs.hpp"
#include "core/timestamp.hpp"
#include "deploy/log/log_stats.hpp"
#include "report/figures.hpp"

namespace lambdapool::cli {
namespace {

std::string failures(const report::Invocations& invocations) {
  if (invocations.timed_out() + invocations.failed() == 0) return "";
  return ", " + std::to_string(invocations.timed_out()) + " timed out, " +
         std::to_string(invocations.failed()) + " failed otherwise";
}

std::string table(const deploy::LogStats& stats) {
  const report::Invocations& all = stats.invocations;
  const report::Distribution& starts = all.cold_starts_ms();
  std::string cold = std::to_string(starts.count());
  if (starts.count() > 0) cold += ": " + report::in_words(starts);
  report::Rows rows;
  rows.add("Invocations", std::to_string(all.count()) + failures(all));
  rows.add("Duration", report::in_words(all.durations_ms()));
  rows.add("Cold starts", cold);
  rows.add("Environments", std::to_string(stats.streams.size()));
  rows.add("Memory", "used at most " + std::to_string(all.max_memory_used_mb()) + " of " +
                         std::to_string(all.memory_mb()) + " MB");
  rows.add("Billed",
           report::duration(all.billed_ms()) + ", " + report::printed("%.4g GB-s", all.gb_seconds()));
  rows.add("Cost", report::dollars(all.cost(stats.prices)) + " (" + report::in_words(stats.prices) + ")");
  return rows.text();
}

std::string json_of(const deploy::LogStats& stats) {
  const report::Invocations& all = stats.invocations;
  const nlohmann::ordered_json out{{"invocations", all.count()},
                                   {"timed_out", all.timed_out()},
                                   {"failed", all.failed()},
                                   {"environments", stats.streams.size()},
                                   {"duration_ms", report::json_of(all.durations_ms())},
                                   {"init_ms", report::json_of(all.cold_starts_ms())},
                                   {"memory_mb", all.memory_mb()},
                                   {"max_memory_used_mb", all.max_memory_used_mb()},
                                   {"billed_ms", all.billed_ms()},
                                   {"gb_seconds", all.gb_seconds()},
                                   {"cost_usd", all.cost(stats.prices)},
                                   {"prices", report::json_of(stats.prices)}};
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
    std::cerr << "No invocation of " << options.name << " has ended since " << format_timestamp_ms(*since)
              << "; --since looks further back, as in --since 7d.\n";
  else
    std::cout << table(*stats) << std::flush;
  return {};
}

}  // namespace lambdapool::cli
