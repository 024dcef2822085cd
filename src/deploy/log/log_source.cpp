#include "deploy/log/log_source.hpp"

#include <algorithm>
#include <utility>

#include "aws/lambda/lambda.hpp"
#include "aws/logs/logs.hpp"
#include "deploy/function/own_functions.hpp"
#include "deploy/function/settings.hpp"
#include "deploy/log/log_cursor.hpp"
#include "deploy/run/run_log.hpp"
#include "deploy/session.hpp"
#include "local/store/log_reader.hpp"

namespace lambdapool::deploy {
namespace {

using namespace std::chrono_literals;

Instant instant(std::int64_t ms) { return Instant{std::chrono::milliseconds{ms}}; }

class CloudWatchLog final : public LogSource {
 public:
  CloudWatchLog(std::unique_ptr<Session> session, std::string group, Instant since)
      : session_(std::move(session)),
        group_(std::move(group)),
        cursor_(std::max<std::int64_t>(since.time_since_epoch().count(), 0)) {}

  Result<void> read(const LogSink& sink) override {
    aws::logs::FilterLogEvents call{group_, cursor_.start_ms()};
    do {
      auto page = ask(call);
      if (!page) return tl::unexpected(page.error());
      std::vector<LogEvent> events;
      for (auto& [id, stream, time_ms, message] : page->events)
        events.push_back({std::move(id), instant(time_ms), std::move(stream), std::move(message)});
      if (auto taken = sink(cursor_.new_lines(std::move(events))); !taken) return taken;
      cursor_.page_done();
      call.next_token = std::move(page->next_token);
    } while (call.next_token);
    return {};
  }
  bool exists() const override { return exists_; }
  // An account may ask five times a second, all its readers together.
  Result<void> wait() override { return session_->pause(2s); }

 private:
  Result<aws::logs::LogPage> ask(const aws::logs::FilterLogEvents& call) {
    const auto answer = session_->send(aws::logs::filter_log_events_request(call), Repeatable::yes);
    if (!answer) return tl::unexpected(answer.error());
    auto page = aws::logs::parse_filter_log_events(*answer);
    if (page) exists_ = true;
    // Another 404 is that of something which is no CloudWatch Logs.
    if (!page && page.error().code == "ResourceNotFoundException") return aws::logs::LogPage{};
    return page;
  }

  std::unique_ptr<Session> session_;
  std::string group_;
  LogCursor cursor_;
  bool exists_ = false;
};

class LocalLog final : public LogSource {
 public:
  LocalLog(std::unique_ptr<Session> session, const std::filesystem::path& home, const std::string& function,
           Instant since)
      : session_(std::move(session)), reader_(home, function), since_ms_(since.time_since_epoch().count()) {}

  Result<void> read(const LogSink& sink) override {
    std::vector<LogLine> lines;
    for (const auto& event : reader_.read(since_ms_)) {
      auto some = lines_of(instant(event.time_ms), event.stream, event.text);
      std::move(some.begin(), some.end(), std::back_inserter(lines));
    }
    return sink(std::move(lines));
  }
  bool exists() const override { return reader_.has_any(); }
  Result<void> wait() override { return session_->pause(200ms); }

 private:
  std::unique_ptr<Session> session_;
  local::LogReader reader_;
  std::int64_t since_ms_;
};

// Who may read logs need not be allowed to ask about the function: then its log is looked for in its usual
// place.
Result<std::string> log_group(Session& session, const std::string& function) {
  const auto answer = session.send(aws::get_function_configuration_request(function), Repeatable::yes);
  if (!answer) return tl::unexpected(answer.error());
  const auto found = aws::parse_configuration(*answer);
  if (found && !found->log_group.empty()) return found->log_group;
  if (found || found.error().kind == ErrorKind::access_denied) return aws::logs::default_group(function);
  if (found.error().kind == ErrorKind::not_found)
    return no_such_function(session, function, place_of(session));
  return tl::unexpected(found.error());
}

}  // namespace

Result<std::unique_ptr<LogSource>> open_log(Connection& connection, const std::string& function,
                                            Instant since, const StopToken& stop) {
  if (auto valid = validate_name(function); !valid) return tl::unexpected(valid.error());
  if (connection.is_google()) return open_run_log(connection, function, since, stop);
  auto session = Session::open_to_read(connection, {}, stop);
  if (!session) return tl::unexpected(session.error());
  auto group = log_group(**session, function);
  if (!group) return tl::unexpected(group.error());
  if ((*session)->is_local()) {
    const auto home = connection.home();
    if (!home) return tl::unexpected(home.error());
    return std::make_unique<LocalLog>(std::move(*session), *home, function, since);
  }
  auto logs = Session::open_beside(**session, "logs");
  if (!logs) return tl::unexpected(logs.error());
  return std::make_unique<CloudWatchLog>(std::move(*logs), std::move(*group), since);
}

}  // namespace lambdapool::deploy
