// tune runs a sample with several sizes of memory. What is called is a copy of the function, so that nothing
// of the function is ever changed, however the command ends.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "aws/lambda/invoke.hpp"
#include "aws/lambda/report.hpp"
#include "cli/arguments.hpp"
#include "cli/python_module.hpp"
#include "cli/terminal/progress.hpp"
#include "cli/verbs.hpp"
#include "core/encoding.hpp"
#include "core/named_fifo.hpp"
#include "deploy/code/code_upload.hpp"
#include "deploy/function/function_copy.hpp"
#include "deploy/function/settings.hpp"
#include "deploy/local_limits.hpp"
#include "lambdapool/tuning.hpp"
#include "process/process.hpp"
#include "report/invocations.hpp"

namespace lambdapool::cli {
namespace {

constexpr int workers_default = 10;
constexpr int workers_max = 10'000;
constexpr int times_default = 10;
constexpr int times_max = 100'000;
constexpr std::chrono::seconds answer_margin{30};  // beyond the function's own timeout

tl::unexpected<Error> invalid(std::string sentence) {
  return fail(ErrorKind::invalid_argument, std::move(sentence));
}

bool is_pipe(const std::string& path) {
  std::error_code error;
  return std::filesystem::is_fifo(path, error);
}

// Everything that can be judged before anything is made.
Result<void> check(const TuneOptions& options) {
  if (options.items.has_value() == options.payload.has_value())
    return invalid("give a sample: either MODULE:FUNCTION with --items FILE, or --payload FILE");
  if (options.items && !options.call)
    return invalid(
        "--items needs MODULE:FUNCTION, such as shop.orders:price, which is called with each of them");
  if (options.payload && options.call)
    return invalid("--payload is sent as it is, so MODULE:FUNCTION does not go with it");
  if (options.payload && options.workers)
    return invalid("--payload is sent once after the other, so --workers does not go with it");
  if (options.items && is_pipe(*options.items))
    return invalid("--items is read once for each size of memory, so it needs a file, not a pipe");
  if (options.items && options.times)
    return invalid("each item runs once, so --times does not go with --items; repeat items in the file");
  if (options.times && (*options.times < 1 || *options.times > times_max))
    return invalid("--times must be between 1 and " + std::to_string(times_max));
  if (options.workers && (*options.workers < 1 || *options.workers > workers_max))
    return invalid("--workers must be between 1 and " + std::to_string(workers_max));
  return {};
}

Result<std::vector<int>> sizes_of(const TuneOptions& options, const deploy::FunctionLimits& limits) {
  std::vector<int> sizes;
  for (const std::string& text : options.memory_mb) {
    const auto size = parse_integer(text);
    if (!size) return invalid("--memory must be megabytes, such as 256,512,1024, not '" + text + "'");
    deploy::FunctionRequest asked{.name = options.name, .memory_mb = *size};
    if (auto valid = deploy::validate_values(asked, limits); !valid) return tl::unexpected(valid.error());
    sizes.push_back(*size);
  }
  if (sizes.empty()) sizes.assign(sizes_to_tune.begin(), sizes_to_tune.end());
  std::sort(sizes.begin(), sizes.end());
  sizes.erase(std::unique(sizes.begin(), sizes.end()), sizes.end());
  return sizes;
}

Result<std::string> payload_of(const std::string& path) {
  auto file = open_to_read(path);
  if (!file.is_open()) return invalid("there is no file " + path + " that can be read");
  return std::string(std::istreambuf_iterator<char>(file), {});
}

double cost(std::size_t calls, double gb_seconds, int memory_mb, const report::Prices& prices) {
  return static_cast<double>(calls) * prices.request + gb_seconds * prices.gb_second_at(memory_mb);
}

// The items, by Python, which makes tasks of them.
Result<Tuned> run_items(const Context& context, const TuneOptions& options, const deploy::FunctionCopy& copy,
                        const report::Prices& prices) {
  auto command = python_module(context, "lambdapool.sampling");
  if (!command) return tl::unexpected(command.error());
  command->insert(command->end(),
                  {"--lambda-function", copy.name(), "--call", *options.call, "--items", *options.items,
                   "--workers", std::to_string(options.workers.value_or(workers_default))});
  const auto stop = context.stop();
  const auto ran = process::run(*command, Environment(environment_of(context)),
                                {.give_up = [&stop] { return stop.is_wanted(); }});
  if (auto go_on = stop.check("the function was not touched"); !go_on) return tl::unexpected(go_on.error());
  if (!ran) return tl::unexpected(ran.error());
  // What the user's modules print when they are imported stands before it.
  const auto told = nlohmann::json::parse(process::last_lines(ran->output, 1), nullptr, false);
  if (ran->exit_status != 0 || !told.is_object())
    return fail(ErrorKind::protocol,
                "the sample did not come to its end: " + process::last_lines(ran->errors, 3));
  if (told.contains("error")) return invalid(told["error"].get<std::string>());
  const auto items = told["items"].get<std::size_t>();
  const double all = cost(told["calls"].get<std::size_t>(), told["gb_seconds"].get<double>(),
                          told["memory_mb"].get<int>(), prices);
  return Tuned{.memory_mb = told["memory_mb"].get<int>(),
               .items = items,
               .item_ms = told["item_ms"].get<double>(),
               .item_cost = all / static_cast<double>(std::max<std::size_t>(items, 1)),
               .max_memory_used_mb = told["max_memory_used_mb"].get<int>(),
               .failure = told["failure"].is_null() ? "" : told["failure"].get<std::string>()};
}

std::string too_little(ErrorKind kind) {
  if (kind == ErrorKind::out_of_memory) return "out of memory";
  return kind == ErrorKind::timed_out ? "timed out" : "";
}

Result<Tuned> run_payload(deploy::Session& session, const std::string& payload, int times,
                          const deploy::FunctionCopy& copy, const report::Prices& prices) {
  report::Invocations all;
  std::string failure;
  session.wait_at_most(std::chrono::seconds(copy.configuration().timeout_s) + answer_margin);
  for (int made = 0; made < times && failure.empty(); ++made) {
    // Sent again where it may have run: that is what the sample is for.
    auto answer = session.send(aws::invoke_request(copy.name(), payload), deploy::Repeatable::yes);
    if (!answer) return tl::unexpected(answer.error());
    const auto log = base64_decode(answer->headers.get("x-amz-log-result"));
    const auto line = aws::find_report(log.value_or(""));
    if (line) all.add(aws::invocation_of(*line));
    const auto invoked = aws::parse_invoke(std::move(*answer), copy.name());
    if (!invoked) failure = too_little(invoked.error().kind);
    if (!invoked && failure.empty()) return tl::unexpected(invoked.error());
    if (!line && failure.empty())
      return fail(ErrorKind::protocol,
                  "the invocation's log has no REPORT line, so there is nothing to compare");
  }
  const auto count = static_cast<double>(std::max<std::size_t>(all.count(), 1));
  return Tuned{.memory_mb = all.memory_mb() == 0 ? copy.configuration().memory_mb : all.memory_mb(),
               .items = all.count(),
               .item_ms = all.durations_ms().quantile(0.5),
               .item_cost = all.cost(prices) / count,
               .max_memory_used_mb = all.max_memory_used_mb(),
               .failure = failure};
}

// Who reads it knows the function, not its copy.
Error named_as(Error error, const std::string& copy, const std::string& original) {
  for (std::size_t at = 0; (at = error.message.find(copy, at)) != std::string::npos; at += original.size())
    error.message.replace(at, copy.size(), original);
  return error;
}

// With all sizes, in one copy.
Result<std::vector<Tuned>> run_sizes(const Context& context, deploy::Session& session,
                                     const TuneOptions& options, const std::vector<int>& sizes) {
  const auto payload = options.payload ? payload_of(*options.payload) : Result<std::string>("");
  if (!payload) return tl::unexpected(payload.error());
  const auto bucket = deploy::chosen_bucket(context.environment, std::nullopt);
  if (!bucket) return tl::unexpected(bucket.error());
  Activity activity("Copying function " + options.name);
  auto copy = deploy::FunctionCopy::make(session, options.name, "tune", sizes.front(), *bucket);
  if (!copy) return tl::unexpected(copy.error());
  const auto prices =
      report::prices_of(session.target().region, copy->configuration().architecture, context.environment);
  if (!prices) return tl::unexpected(prices.error());
  std::vector<Tuned> rows;
  for (const int size : sizes) {
    activity.now("Running the sample with " + std::to_string(size) + " MB");
    if (auto set = copy->set_memory(size); !set) return tl::unexpected(set.error());
    auto row = options.payload
                   ? run_payload(session, *payload, options.times.value_or(times_default), *copy, *prices)
                   : run_items(context, options, *copy, *prices);
    if (!row) return tl::unexpected(named_as(row.error(), copy->name(), options.name));
    if (row->memory_mb == 0) row->memory_mb = size;  // nothing has told: it was killed before it could
    if (row->memory_mb != size)
      return fail(ErrorKind::protocol, "the sample ran with " + std::to_string(row->memory_mb) +
                                           " MB though " + std::to_string(size) + " MB were set; try again");
    rows.push_back(std::move(*row));
  }
  activity.now("Removing the copy");
  return rows;
}

}  // namespace

Result<void> tune(const Context& context, const TuneOptions& options) {
  if (auto valid = check(options); !valid) return valid;
  auto connection = context.connection();
  if (connection.is_google())
    return fail(ErrorKind::invalid_argument,
                "tune calls versions of a copy of the function, on the targets aws and local alone: on " +
                    connection.target_name() + ", 'lambdapool update " + options.name +
                    " --memory N' and then 'lambdapool stats " + options.name +
                    "' measure one size after the other.");
  const auto sizes = sizes_of(options, deploy::limits_of(connection));
  if (!sizes) return tl::unexpected(sizes.error());
  const auto warn = [](const deploy::Event& event) {
    if (event.kind == deploy::Event::Kind::warning) std::cerr << "Warning: " << event.text << "\n";
  };
  auto session = deploy::Session::open(connection, warn, context.stop());
  if (!session) return tl::unexpected(session.error());
  for (const int size : *sizes)
    if (auto possible = deploy::check_on_local(**session, {.name = options.name, .memory_mb = size});
        !possible)
      return possible;
  const auto rows = run_sizes(context, **session, options, *sizes);
  if (!rows) return tl::unexpected(rows.error());
  const Tuning tuning(*rows, (*session)->is_local());
  std::cout << (options.json ? tuning.json() : tuning.text()) << std::flush;
  return {};
}

}  // namespace lambdapool::cli
