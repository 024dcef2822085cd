#include "deploy/run/run_log.hpp"

#include <algorithm>
#include <utility>

#include "deploy/function/settings.hpp"
#include "deploy/log/log_cursor.hpp"
#include "deploy/run/deployed_service.hpp"
#include "deploy/session.hpp"
#include "gcp/logging/entries.hpp"
#include "gcp/service_name.hpp"

namespace lambdapool::deploy {
namespace {

namespace logging = gcp::logging;
using namespace std::chrono_literals;

class CloudLog final : public LogSource {
 public:
  CloudLog(std::unique_ptr<Session> session, logging::EntryQuery query, Instant since)
      : session_(std::move(session)),
        query_(std::move(query)),
        cursor_(std::max<std::int64_t>(since.time_since_epoch().count(), 0)) {}

  Result<void> read(const LogSink& sink) override {
    auto query = query_;
    query.since = Instant{std::chrono::milliseconds{cursor_.start_ms()}};
    do {
      auto page = call(*session_, logging::list_entries_request(query), logging::parse_list_entries);
      if (!page) return tl::unexpected(page.error());
      exists_ = exists_ || !page->entries.empty();
      std::vector<LogEvent> events;
      for (auto& [id, time, instance, text] : page->entries)
        events.push_back({std::move(id), time, std::move(instance), std::move(text)});
      if (auto taken = sink(cursor_.new_lines(std::move(events))); !taken) return taken;
      cursor_.page_done();
      query.page_token = std::move(page->next_page_token);
    } while (query.page_token);
    return exists_ ? Result<void>{} : look_further_back();
  }
  bool exists() const override { return exists_; }
  // A project may read sixty times a minute, all its readers together.
  Result<void> wait() override { return session_->pause(session_->target().name == "gcp" ? 3s : 200ms); }

 private:
  Result<void> look_further_back() {
    auto query = query_;
    query.page_size = 1;
    const auto page = call(*session_, logging::list_entries_request(query), logging::parse_list_entries);
    if (!page) return tl::unexpected(page.error());
    exists_ = !page->entries.empty() || page->next_page_token.has_value();
    return {};
  }

  std::unique_ptr<Session> session_;
  const logging::EntryQuery query_;
  LogCursor cursor_;
  bool exists_ = false;
};

}  // namespace

Result<std::unique_ptr<LogSource>> open_run_log(Connection& connection, const std::string& function,
                                                Instant since, const StopToken& stop) {
  const auto id = gcp::service_id(function);
  if (!id) return tl::unexpected(id.error());
  auto session = Session::open_to_run(connection, {}, stop);
  if (!session) return tl::unexpected(session.error());
  const auto found = find_service(**session, function);
  // Who may read logs need not be allowed to ask about the service.
  if (!found && found.error().kind != ErrorKind::access_denied) return tl::unexpected(found.error());
  if (found && !*found) return tl::unexpected(no_such_service(**session, function));
  logging::EntryQuery query{place_on(**session), *id};
  auto logs = Session::open_at(**session, (*session)->target().google->logging);
  return std::make_unique<CloudLog>(std::move(logs), std::move(query), since);
}

}  // namespace lambdapool::deploy
