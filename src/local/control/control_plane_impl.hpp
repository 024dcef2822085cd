// The control plane's inside, for its own sources only.
#pragma once

#include <map>
#include <random>
#include <set>

#include "core/random.hpp"
#include "local/control/code_download.hpp"
#include "local/control/control_plane.hpp"
#include "local/control/date_header.hpp"
#include "local/control/signature.hpp"
#include "local/control/upkeep.hpp"
#include "local/invoke/invoker.hpp"
#include "local/store/database_pool.hpp"
#include "local/store/log_store.hpp"
#include "local/store/uuid.hpp"
#include "local/url/address.hpp"
#include "local/url/table.hpp"
#include "local/work_threads.hpp"

namespace lambdapool::local {

// A request on its way, kept on the loop's side; background work is given its number.
struct Exchange {
  std::string request_id;
  std::optional<Route> route = {};
  http::Request request;
  http::Responder responder;
  std::chrono::steady_clock::time_point since;
  std::optional<UrlAddress> address = {};  // it is for a function's URL
  bool own = false;                        // of this process
};

// What is slow to find out about a large body, found out beforehand.
struct BodyChecks {
  std::string sha256_hex;
  OrRefusal<void> payload;
};

inline std::int64_t epoch_ms(std::chrono::system_clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

struct ControlPlane::Impl : std::enable_shared_from_this<ControlPlane::Impl> {
  Impl(http::EventLoop& event_loop, Workers& all_workers, ControlPlaneOptions given,
       std::unique_ptr<Database> own, std::unique_ptr<CodeStore> store)
      : loop(event_loop),
        workers(all_workers),
        options(std::move(given)),
        database(std::move(own)),
        code(std::move(store)),
        databases(options.home),
        admission(options.admission),
        signature(options.identity, options.region),
        download(random_bytes(32)),
        urls(*database),
        snapshots(*database, *code, options.region),
        logs(loop, threads, options.home),
        invoker(
            loop, workers, snapshots, options.concurrency, options.events,
            [this](const FunctionVersion& version, std::function<void(Result<void>)> done) {
              upkeep.mend(version, std::move(done));
            },
            options.region, std::random_device()()),
        upkeep({loop, threads, databases, *code, snapshots, [this] { return epoch_ms(options.clock()); },
                [this](std::function<void()> work) { post([work = std::move(work)](Impl&) { work(); }); },
                [this] { post([](Impl& self) { self.retire_outdated(); }); }}) {}

  std::optional<http::Response> screen(const http::Request& head, const http::Caller& caller);
  std::optional<http::Response> refused(const http::Request& head, const http::Caller& caller);
  OrRefusal<void> judge_call(const http::Request& head) const;
  enum class Caller { any, own };
  void handle(http::Request request, http::Responder responder, Caller caller);
  void begin(std::uint64_t id);
  void check_body(std::uint64_t id);
  void admit(std::uint64_t id, const BodyChecks& checks);
  void start_invoke(std::uint64_t id, const OrRefusal<void>& payload);
  void start_operation(std::uint64_t id);
  void start_download(std::uint64_t id);
  tl::expected<std::shared_ptr<const FunctionUrl>, http::Response> open_url(const UrlAddress& address,
                                                                            const http::Request& head);
  void begin_url(std::uint64_t id);
  void invoke_url(std::uint64_t id, const std::shared_ptr<const FunctionUrl>& url,
                  const std::string& body_sha256_hex, std::string event);
  void answer_url(std::uint64_t id, const std::shared_ptr<const FunctionUrl>& url, http::Response invoked);
  void after_operation(std::uint64_t id, http::Response response, std::vector<Transition> transitions,
                       bool released);
  void warn_of(const std::vector<std::string>& settings);
  void respond(std::uint64_t id, http::Response response);
  void refuse_exchange(std::uint64_t id, const Refusal& refusal) { respond(id, refusal_response(refusal)); }
  void retire_outdated();
  void complete(http::Response& response, const std::string& request_id);
  void log(const http::Request& request, int status, std::chrono::steady_clock::time_point since) const;
  void post(std::function<void(Impl&)> work);
  void post_for(std::uint64_t id, std::function<void(Impl&)> work);
  void guarded(std::uint64_t id, const std::function<void()>& work);

  http::EventLoop& loop;
  Workers& workers;
  ControlPlaneOptions options;
  std::unique_ptr<Database> database;  // the loop's own
  std::unique_ptr<CodeStore> code;
  DatabasePool databases;
  WorkThreads threads{4};
  Admission admission;
  SignatureCheck signature;
  CodeDownload download;
  UrlTable urls;
  SnapshotCache snapshots;
  LogStore logs;
  Invoker invoker;
  Upkeep upkeep;
  std::map<std::uint64_t, Exchange> exchanges;
  std::set<std::string> warned;  // of settings that have no effect
  std::uint64_t next_exchange = 0;
  Uuids request_ids;
  DateHeader date;
};

}  // namespace lambdapool::local
