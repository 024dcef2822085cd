#include <iostream>
#include <optional>

#include "cli/instant.hpp"
#include "cli/log_text.hpp"
#include "cli/verbs.hpp"
#include "core/timestamp.hpp"
#include "deploy/log/log_line.hpp"
#include "deploy/log/log_source.hpp"

namespace lambdapool::cli {
namespace {

constexpr const char* default_since = "1h";

// Prints the lines that are asked for, and counts them.
class Printer {
 public:
  explicit Printer(const LogsOptions& options) : options_(options) {
    if (options.request_id) request_.emplace(*options.request_id);
  }

  Result<void> print(const std::vector<deploy::LogLine>& lines) {
    for (const deploy::LogLine& line : lines) {
      if (!is_wanted(line)) continue;
      ++printed_;
      std::cout << (options_.json ? json(line) : readable(line)) << '\n';
    }
    if (std::cout.flush()) return {};
    return fail(ErrorKind::io,
                "the output could not be written; see whether the disk is full or it was closed.");
  }
  bool printed_any() const { return printed_ > 0; }

 private:
  bool is_wanted(const deploy::LogLine& line) {
    const bool of_request = !request_ || request_->has(line);
    return of_request && (!options_.filter || line.text.find(*options_.filter) != std::string::npos);
  }

  const LogsOptions& options_;
  std::optional<deploy::RequestLines> request_;
  std::size_t printed_ = 0;
};

void explain_silence(const deploy::LogSource& log, const LogsOptions& options, const std::string& since) {
  if (!log.exists()) {
    std::cerr << "Function " << options.name
              << " has not logged anything yet; its log begins when it first runs.\n";
    return;
  }
  const bool narrowed = options.filter || options.request_id;
  std::cerr << "No " << (narrowed ? "such line" : "line") << " in the log of " << options.name << " since "
            << since << "; --since looks further back, as in --since 7d.\n";
}

// Until a signal comes: that is how one ends it, so nothing is said, and the exit code is a signal's.
Result<void> follow(deploy::LogSource& log, const deploy::LogSink& sink) {
  const auto quietly_ended = fail(ErrorKind::cancelled, "");
  for (;;) {
    if (!log.wait()) return quietly_ended;
    auto read = log.read(sink);
    if (read || read.error().kind == ErrorKind::throttled) continue;
    return read.error().kind == ErrorKind::cancelled ? quietly_ended : read;
  }
}

}  // namespace

Result<void> show_logs(const Context& context, const LogsOptions& options) {
  const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const auto since = parse_since(options.since.value_or(default_since), now);
  if (!since) return tl::unexpected(since.error());
  auto connection = context.connection();
  auto log = deploy::open_log(connection, options.name, *since, context.stop());
  if (!log) return tl::unexpected(log.error());
  Printer printer(options);
  const deploy::LogSink sink = [&](const std::vector<deploy::LogLine>& lines) {
    return printer.print(lines);
  };
  auto read = (*log)->read(sink);
  if (!read) {
    if (read.error().kind == ErrorKind::cancelled) return fail(ErrorKind::cancelled, "");
    return read;
  }
  if (options.follow) return follow(**log, sink);
  if (!printer.printed_any()) explain_silence(**log, options, format_timestamp_ms(*since));
  return {};
}

}  // namespace lambdapool::cli
