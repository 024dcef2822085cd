// runs list, show and delete: the journals of named runs on this machine.

#include "journal/runs.hpp"

#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/quantity.hpp"
#include "cli/terminal/output_width.hpp"
#include "cli/terminal/table.hpp"
#include "cli/verbs.hpp"
#include "core/timestamp.hpp"
#include "journal/directory.hpp"
#include "report/figures.hpp"

namespace lambdapool::cli {
namespace {

using journal::Summary;
using Clock = std::chrono::system_clock;

Clock::time_point at(std::int64_t seconds) { return Clock::time_point(std::chrono::seconds(seconds)); }

std::string state(const Summary& run) {
  if (!run.broken.empty()) return "unreadable";
  if (run.under_way) return "under way";
  if (run.items && run.done == *run.items) return "done";
  return run.in_doubt.empty() ? "unfinished" : "interrupted";
}

std::string progress(const Summary& run) {
  return std::to_string(run.done) + " of " + (run.items ? std::to_string(*run.items) : "?");
}

std::string table(const std::vector<Summary>& runs, std::optional<std::size_t> width) {
  std::vector<std::vector<std::string>> rows;
  for (const Summary& run : runs)
    rows.push_back(
        {run.name, run.function, progress(run), state(run),
         readable_age(std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - at(run.updated_s))),
         report::dollars(run.cost), readable_size(static_cast<std::int64_t>(run.bytes))});
  return format_table({{"RUN"},
                       {"FUNCTION"},
                       {"DONE", Align::right},
                       {"STATE"},
                       {"LAST RESULT"},
                       {"COST", Align::right},
                       {"SIZE", Align::right}},
                      rows, width);
}

std::string in_doubt(const Summary& run) {
  return std::to_string(run.in_doubt.size()) + ": " + journal::in_words(run.in_doubt);
}

std::string details(const Summary& run) {
  std::string text;
  const auto row = [&](const std::string& name, const std::string& value) {
    text += name + std::string(16 - name.size(), ' ') + value + "\n";
  };
  row("Run", run.name + " (" + state(run) + ")");
  if (!run.broken.empty()) row("Journal", run.broken);
  row("Function", run.function);
  row("Done", progress(run));
  if (!run.in_doubt.empty()) row(run.under_way ? "In flight" : "May have run", in_doubt(run));
  row("Began", format_timestamp(at(run.created_s)));
  row("Last result", format_timestamp(at(run.updated_s)));
  char billed[64];
  std::snprintf(billed, sizeof billed, "%.3g s, %.4g GB-s in %lld calls", run.billed_ms / 1000,
                run.gb_seconds, static_cast<long long>(run.calls));
  row("Billed", billed);
  row("Cost", report::dollars(run.cost));
  row("Code", run.code);
  row("Size", readable_size(static_cast<std::int64_t>(run.bytes)));
  return text;
}

nlohmann::ordered_json json_of(const Summary& run) {
  nlohmann::ordered_json out{{"name", run.name},
                             {"state", state(run)},
                             {"function", run.function},
                             {"items", nullptr},
                             {"known", run.known},
                             {"done", run.done},
                             {"in_doubt", run.in_doubt},
                             {"created", format_timestamp(at(run.created_s))},
                             {"updated", format_timestamp(at(run.updated_s))},
                             {"calls", run.calls},
                             {"billed_ms", run.billed_ms},
                             {"gb_seconds", run.gb_seconds},
                             {"cost_usd", run.cost},
                             {"code", run.code},
                             {"size_bytes", run.bytes}};
  if (run.items) out["items"] = *run.items;
  return out;
}

std::string text_of(const nlohmann::ordered_json& json) {
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace

Result<void> list_runs(const Context& context, const RunsOptions& options) {
  const auto directory = journal::runs_directory(context.environment);
  const auto runs = journal::list_runs(directory);
  if (!runs) return tl::unexpected(runs.error());
  if (options.json) {
    auto list = nlohmann::ordered_json::array();
    for (const Summary& run : *runs) list.push_back(json_of(run));
    std::cout << text_of(list) << std::flush;
  } else if (runs->empty()) {
    std::cerr << "No run has a journal in " << directory.string() << ".\n";
  } else {
    std::cout << table(*runs, output_width(context.environment)) << std::flush;
  }
  return {};
}

Result<void> show_run(const Context& context, const RunsOptions& options) {
  const auto run = journal::show_run(journal::runs_directory(context.environment), options.names.front());
  if (!run) return tl::unexpected(run.error());
  std::cout << (options.json ? text_of(json_of(*run)) : details(*run)) << std::flush;
  return {};
}

Result<void> delete_runs(const Context& context, const RunsOptions& options) {
  for (const std::string& name : options.names) {
    if (auto done = journal::delete_run(journal::runs_directory(context.environment), name); !done)
      return done;
    std::cout << "Deleted the run " << name << std::endl;
  }
  return {};
}

}  // namespace lambdapool::cli
