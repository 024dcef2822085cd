#include "report/report.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "report/figures.hpp"

namespace lambdapool::report {
namespace {

using nlohmann::ordered_json;

std::string items_of(const Ledger::Slow& slow) {
  if (slow.count == 1) return std::to_string(slow.first);
  return std::to_string(slow.first) + "-" + std::to_string(slow.first + slow.count - 1);
}

std::string slowest_in_words(const Ledger& ledger) {
  std::string text;
  for (const auto& slow : ledger.slowest())
    text += (text.empty() ? "" : ", ") + items_of(slow) + " (" + duration(slow.task_ms) + ")";
  return text;
}

std::string failures_in_words(const Ledger& ledger) {
  std::string text;
  for (const auto& [kind, count] : ledger.failures())
    text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + kind;
  return text;
}

struct Reason {
  const char* name;   // in JSON
  const char* words;  // in the table
  std::uint32_t Retries::*count;
};
constexpr Reason reasons[] = {
    {"throttled_concurrency", "throttled for concurrency", &Retries::throttled_concurrency},
    {"throttled_rate", "throttled for rate", &Retries::throttled_rate},
    {"lost", "without an answer", &Retries::lost},
    {"not_reached", "not reached", &Retries::not_reached},
    {"refused_token", "refused for credentials or clock", &Retries::refused_token},
    {"stragglers", "stragglers", &Retries::stragglers},
    {"out_of_memory", "items out of memory", &Retries::out_of_memory},
    {"failed_items", "failed items", &Retries::failed_items},
};

std::string retries_in_words(const Retries& retries) {
  std::string text;
  for (const auto& [name, words, count] : reasons) {
    if (retries.*count > 0) text += (text.empty() ? "" : ", ") + std::to_string(retries.*count) + " " + words;
  }
  return text;
}

std::string memory_in_words(const Invocations& all) {
  return "used at most " + std::to_string(all.max_memory_used_mb()) + " of " +
         std::to_string(all.memory_mb()) + " MB";
}

ordered_json slowest_of(const Ledger& ledger) {
  auto out = ordered_json::array();
  for (const auto& slow : ledger.slowest())
    out.push_back({{"job", slow.job}, {"first", slow.first}, {"count", slow.count}, {"ms", slow.task_ms}});
  return out;
}

ordered_json retries_of(const Retries& retries) {
  ordered_json out;
  for (const auto& [name, words, count] : reasons) out[name] = retries.*count;
  return out;
}

}  // namespace

std::string Report::text() const {
  const Invocations& all = ledger_.invocations();
  Rows rows;
  const std::string failures = failures_in_words(ledger_);
  rows.add("Items", std::to_string(ledger_.items()) + " in " + std::to_string(ledger_.calls()) + " calls" +
                        (failures.empty() ? "" : "; calls that failed: " + failures));
  rows.add("Wall time", duration(ledger_.wall_ms()));
  if (ledger_.calls() > 0) {
    rows.add("Task", in_words(ledger_.task_ms()));
    rows.add("Queueing", in_words(ledger_.queue_ms()));
  }
  if (ledger_.transfer_ms().count() > 0) rows.add("Transfer", in_words(ledger_.transfer_ms()));
  const Distribution& starts = all.cold_starts_ms();
  rows.add("Cold starts",
           std::to_string(starts.count()) + (starts.count() > 0 ? ": " + in_words(starts) : std::string()));
  const std::string retries = retries_in_words(ledger_.retries());
  rows.add("Sent again", retries.empty() ? "0" : retries);
  rows.add("Bytes", bytes(static_cast<double>(ledger_.bytes_sent())) + " sent, " +
                        bytes(static_cast<double>(ledger_.bytes_received())) + " received");
  if (all.count() > 0) {
    rows.add("Memory", memory_in_words(all));
    rows.add("Billed", duration(all.billed_ms()) + ", " + printed("%.4g GB-s", all.gb_seconds()));
    rows.add("Cost", dollars(cost()) + " (" + in_words(prices_) + ")");
  }
  if (ledger_.unreported() > 0)
    rows.add("Not reported", std::to_string(ledger_.unreported()) +
                                 " calls, of which the platform has told no time and cost");
  if (ledger_.calls() > 0) rows.add("Slowest items", slowest_in_words(ledger_));
  return rows.text();
}

std::string Report::json() const {
  const Invocations& all = ledger_.invocations();
  ordered_json failures = ordered_json::object();
  for (const auto& [kind, count] : ledger_.failures()) failures[kind] = count;
  const ordered_json out{{"calls", ledger_.calls()},
                         {"items", ledger_.items()},
                         {"failed_calls", failures},
                         {"wall_ms", ledger_.wall_ms()},
                         {"task_ms", json_of(ledger_.task_ms())},
                         {"queue_ms", json_of(ledger_.queue_ms())},
                         {"transfer_ms", json_of(ledger_.transfer_ms())},
                         {"run_ms", json_of(all.durations_ms())},
                         {"init_ms", json_of(all.cold_starts_ms())},
                         {"retries", retries_of(ledger_.retries())},
                         {"bytes_sent", ledger_.bytes_sent()},
                         {"bytes_received", ledger_.bytes_received()},
                         {"memory_mb", all.memory_mb()},
                         {"max_memory_used_mb", all.max_memory_used_mb()},
                         {"reported_calls", all.count()},
                         {"billed_ms", all.billed_ms()},
                         {"gb_seconds", all.gb_seconds()},
                         {"cost_usd", cost()},
                         {"prices", json_of(prices_)},
                         {"slowest", slowest_of(ledger_)}};
  return out.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

Result<void> Report::save(const std::string& path) const {
  const bool page = path.ends_with(".html") || path.ends_with(".htm");
  if (!page && !path.ends_with(".json"))
    return fail(ErrorKind::invalid_argument,
                "a report is saved as NAME.html, a page, or as NAME.json, a trace; not as " + path);
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << (page ? html() : trace());
  file.close();
  if (!file) return fail(ErrorKind::io, "cannot write " + path + ": " + std::strerror(errno));
  return {};
}

}  // namespace lambdapool::report
