#include "local/control_plane.hpp"

#include <cstdio>
#include <ctime>
#include <future>
#include <random>

#include "core/encoding.hpp"
#include "core/limits.hpp"
#include "core/random.hpp"
#include "local/code_download.hpp"
#include "local/invoker.hpp"
#include "local/log_store.hpp"
#include "local/signature.hpp"
#include "local/uuid.hpp"
#include "local/work_threads.hpp"

namespace lambdapool::local {
namespace {

using SystemTime = std::chrono::system_clock::time_point;

std::int64_t epoch_ms(SystemTime time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

// The Date header's value, written once a second.
class DateHeader {
 public:
  const std::string& at(SystemTime now) {
    const auto seconds = std::chrono::system_clock::to_time_t(now);
    if (seconds != seconds_) {
      std::tm parts{};
      gmtime_r(&seconds, &parts);
      char text[40];
      text_.assign(text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts));
      seconds_ = seconds;
    }
    return text_;
  }

 private:
  std::time_t seconds_ = -1;
  std::string text_;
};

// A request on its way, kept on the loop's side; background work is given its number.
struct Exchange {
  std::string request_id;
  std::optional<Route> route = {};
  http::Request request;
  http::Responder responder;
  std::chrono::steady_clock::time_point since;
};

// What is slow to find out about a large body, found out beforehand.
struct BodyChecks {
  std::string sha256_hex;
  Outcome<void> payload;
};

Outcome<void> check_request_size(const Route& route, std::size_t bytes) {
  if (static_cast<std::int64_t>(bytes) <= limits::create_request_bytes_max) return {};
  return too_large("Request must be smaller than " + std::to_string(limits::create_request_bytes_max) +
                   " bytes for the " + std::string(aws_name(route.operation)) + " operation");
}

Refusal unknown_operation(const http::Request& request) {
  const std::string path = request.target.substr(0, request.target.find('?'));
  std::string message = "The local Lambda has no operation " + request.method + " " + path + ".";
  // Where IAM, STS and CloudWatch Logs take all of their calls.
  if (request.method == "POST" && path == "/")
    message +=
        " It is a Lambda only: name it by AWS_ENDPOINT_URL_LAMBDA instead of AWS_ENDPOINT_URL, and give "
        "'lambdapool create' a --role.";
  return {404, "UnknownOperationException", message};
}

}  // namespace

struct ControlPlane::Impl : std::enable_shared_from_this<ControlPlane::Impl> {
  Impl(http::EventLoop& event_loop, Workers& all_workers, ControlPlaneOptions given,
       std::unique_ptr<Database> own, std::unique_ptr<CodeStore> store)
      : loop(event_loop),
        workers(all_workers),
        options(std::move(given)),
        database(std::move(own)),
        code(std::move(store)),
        databases(options.home),
        signature(options.identity, options.region),
        download(random_bytes(32)),
        snapshots(*database, *code, options.region),
        logs(loop, threads, options.home),
        invoker(loop, workers, snapshots, options.concurrency, options.events, std::random_device()()) {}

  void handle(http::Request request, http::Responder responder);
  void check_body(std::uint64_t id);
  void admit(std::uint64_t id, const BodyChecks& checks);
  void start_invoke(std::uint64_t id, const Outcome<void>& payload);
  void start_operation(std::uint64_t id);
  void start_download(std::uint64_t id);
  void after_operation(std::uint64_t id, http::Response response, std::vector<Transition> transitions,
                       bool released);
  void finish(std::vector<Transition> transitions, bool released);
  void recover();
  void collect();
  void respond(std::uint64_t id, http::Response response);
  void refuse_exchange(std::uint64_t id, const Refusal& refusal) { respond(id, refusal_response(refusal)); }
  void retire_outdated();
  void post(std::function<void(Impl&)> work);

  http::EventLoop& loop;
  Workers& workers;
  ControlPlaneOptions options;
  std::unique_ptr<Database> database;  // the loop's own
  std::unique_ptr<CodeStore> code;
  DatabasePool databases;
  WorkThreads threads{4};
  SignatureCheck signature;
  CodeDownload download;
  SnapshotCache snapshots;
  LogStore logs;
  Invoker invoker;
  std::map<std::uint64_t, Exchange> exchanges;
  std::uint64_t next_exchange = 0;
  DateHeader date;
};

// Back to the loop's thread; nothing if the control plane has ended by then.
void ControlPlane::Impl::post(std::function<void(Impl&)> work) {
  loop.post([self = weak_from_this(), work = std::move(work)] {
    if (const auto alive = self.lock()) work(*alive);
  });
}

void ControlPlane::Impl::handle(http::Request request, http::Responder responder) {
  const auto id = next_exchange++;
  auto found = route(request.method, request.target);
  auto& exchange = exchanges
                       .emplace(id, Exchange{random_uuid(), std::move(found), std::move(request),
                                             std::move(responder), std::chrono::steady_clock::now()})
                       .first->second;
  if (!exchange.route) return refuse_exchange(id, unknown_operation(exchange.request));
  if (exchange.route->operation == Operation::download_code) return start_download(id);
  if (auto fits = check_request_size(*exchange.route, exchange.request.body.size()); !fits) {
    return refuse_exchange(id, fits.error());
  }
  check_body(id);
}

// Hashes and parses what is large in the background, what is small at once.
void ControlPlane::Impl::check_body(std::uint64_t id) {
  auto& exchange = exchanges.at(id);
  const bool invoke = exchange.route->operation == Operation::invoke;
  const bool oversized =
      static_cast<std::int64_t>(exchange.request.body.size()) > limits::request_payload_bytes_max;
  const auto check = [hash = signature.needs_payload_hash(exchange.request),
                      parse = invoke && !oversized](const std::string& body) -> BodyChecks {
    return {hash ? sha256_hex(body) : "", parse ? check_payload_json(body) : Outcome<void>{}};
  };
  if (exchange.request.body.size() <= large_payload) return admit(id, check(exchange.request.body));
  threads.run([this, id, check, body = std::move(exchange.request.body)]() mutable {
    auto checks = check(body);
    auto shared = std::make_shared<std::string>(std::move(body));
    post([id, checks = std::move(checks), shared](Impl& self) {
      self.exchanges.at(id).request.body = std::move(*shared);
      self.admit(id, checks);
    });
  });
}

void ControlPlane::Impl::admit(std::uint64_t id, const BodyChecks& checks) {
  const auto& exchange = exchanges.at(id);
  if (auto valid = signature.verify(exchange.request, checks.sha256_hex, options.clock()); !valid) {
    return refuse_exchange(id, valid.error());
  }
  if (exchange.route->operation == Operation::invoke) return start_invoke(id, checks.payload);
  start_operation(id);
}

void ControlPlane::Impl::start_invoke(std::uint64_t id, const Outcome<void>& payload) {
  auto& exchange = exchanges.at(id);
  const auto invocation = read_invoke_request(exchange.request, *exchange.route, options.region);
  if (!invocation) return refuse_exchange(id, invocation.error());
  const auto fits = check_payload_size(exchange.request.body.size(), invocation->type);
  if (!fits) return refuse_exchange(id, fits.error());
  if (!payload) return refuse_exchange(id, payload.error());
  invoker.invoke(*invocation, exchange.request_id, std::move(exchange.request.body),
                 [self = weak_from_this(), id](http::Response response) {
                   if (const auto alive = self.lock()) alive->respond(id, std::move(response));
                 });
}

void ControlPlane::Impl::start_operation(std::uint64_t id) {
  auto& exchange = exchanges.at(id);
  auto locate = download.locator(exchange.request.headers.get("host"), options.clock());
  auto work = [this, id, called = *exchange.route, now = epoch_ms(options.clock()),
               locate = std::move(locate),
               body = std::make_shared<std::string>(std::move(exchange.request.body))] {
    http::Response response;
    std::vector<Transition> transitions;
    bool released = false;
    auto opened = databases.with([&](Database& connection) {
      Context context{connection, *code, options.region, options.concurrency, now, locate};
      response = run_operation(context, called, *body);
      transitions = std::move(context.transitions);
      released = context.code_released;
    });
    if (!opened) response = refusal_response(service_failure(opened.error()).value());
    if (response.status >= 300) transitions.clear();
    auto answer = std::make_shared<http::Response>(std::move(response));
    post([id, answer, transitions, released](Impl& self) {
      self.after_operation(id, std::move(*answer), transitions, released);
    });
  };
  threads.run(std::move(work));
}

void ControlPlane::Impl::after_operation(std::uint64_t id, http::Response response,
                                         std::vector<Transition> transitions, bool released) {
  retire_outdated();
  respond(id, std::move(response));
  if (!transitions.empty() || released) finish(std::move(transitions), released);
}

// Carries transitions out in the background, and then looks for code that nobody refers to any more.
void ControlPlane::Impl::finish(std::vector<Transition> transitions, bool released) {
  threads.run([this, transitions = std::move(transitions), released] {
    static_cast<void>(databases.with([&](Database& connection) {
      for (const auto& transition : transitions) {
        finish_transition(connection, *code, transition, epoch_ms(options.clock()));
      }
      connection.take_error();  // who asks for the function next tries again
    }));
    post([](Impl& self) { self.retire_outdated(); });
    if (released) collect();
  });
}

// What another process had begun and did not live to finish.
void ControlPlane::Impl::recover() {
  threads.run([this] {
    static_cast<void>(databases.with([&](Database& connection) {
      for (const auto& record : list_changing(connection)) {
        finish_transition(connection, *code, {record.function, record.version, record.revision},
                          epoch_ms(options.clock()));
      }
      connection.take_error();
    }));
    collect();
  });
}

void ControlPlane::Impl::collect() {
  const auto spare = [this](std::set<std::string> candidates) {
    std::promise<std::set<std::string>> answer;
    auto in_use = answer.get_future();
    loop.post([this, &answer] { answer.set_value(snapshots.code_in_use()); });
    for (const auto& sha256 : in_use.get()) candidates.erase(sha256);
    return candidates;
  };
  static_cast<void>(databases.with([&](Database& connection) {
    bool known = true;
    code->collect(
        [&] {
          auto referenced = referenced_code(connection);
          known = !connection.take_error();
          return referenced;
        },
        [&](std::set<std::string> candidates) {
          return known ? spare(std::move(candidates)) : std::set<std::string>{};
        });
  }));
}

void ControlPlane::Impl::start_download(std::uint64_t id) {
  auto& exchange = exchanges.at(id);
  const auto sha256 = download.permitted(*exchange.route, options.clock());
  if (!sha256) return refuse_exchange(id, sha256.error());
  threads.run([this, id, file = code->zip(*sha256)] {
    auto answer = std::make_shared<http::Response>(code_response(file));
    post([id, answer](Impl& self) { self.respond(id, std::move(*answer)); });
  });
}

void ControlPlane::Impl::respond(std::uint64_t id, http::Response response) {
  auto node = exchanges.extract(id);
  if (node.empty()) return;
  auto& exchange = node.mapped();
  response.headers.add("x-amzn-RequestId", exchange.request_id);
  response.headers.add("Date", date.at(options.clock()));
  if (options.log) {
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - exchange.since;
    char numbers[48];
    std::snprintf(numbers, sizeof numbers, " %d %.1f ms", response.status, took.count());
    options.log(exchange.request.method + " " + exchange.request.target + numbers);
  }
  exchange.responder.send(std::move(response));
}

void ControlPlane::Impl::retire_outdated() {
  for (const auto& key : snapshots.take_outdated()) workers.retire(key);
}

ControlPlane::ControlPlane(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<ControlPlane>> ControlPlane::open(http::EventLoop& loop, Workers& workers,
                                                         ControlPlaneOptions options) {
  auto database = Database::open(options.home);
  if (!database) return tl::unexpected(database.error());
  auto code = CodeStore::open(options.home);
  if (!code) return tl::unexpected(code.error());
  auto impl =
      std::make_shared<Impl>(loop, workers, std::move(options), std::move(*database), std::move(*code));
  workers.log_to([weak = std::weak_ptr(impl)](const FunctionVersion& function, const std::string& stream,
                                              std::string_view lines, std::int64_t at_ms) {
    if (const auto alive = weak.lock()) alive->logs.append(function.name, stream, lines, at_ms);
  });
  impl->recover();
  return std::unique_ptr<ControlPlane>(new ControlPlane(std::move(impl)));
}

// Background work first: it still posts to the loop. Then what belongs to the loop's thread, on it.
ControlPlane::~ControlPlane() {
  impl_->threads.stop();
  std::promise<void> gone;
  impl_->loop.post([&] {
    impl_->logs.flush_now();
    impl_.reset();
    gone.set_value();
  });
  gone.get_future().wait();
}

void ControlPlane::handle(http::Request request, http::Responder responder) {
  impl_->handle(std::move(request), std::move(responder));
}

void ControlPlane::pause() { impl_->threads.pause(); }
void ControlPlane::resume() { impl_->threads.resume(); }

Result<void> DatabasePool::with(const std::function<void(Database&)>& use) {
  std::unique_ptr<Database> connection;
  {
    std::lock_guard lock(mutex_);
    if (!free_.empty()) {
      connection = std::move(free_.back());
      free_.pop_back();
    }
  }
  if (!connection) {
    auto opened = Database::open(home_);
    if (!opened) return tl::unexpected(opened.error());
    connection = std::move(*opened);
  }
  use(*connection);
  std::lock_guard lock(mutex_);
  free_.push_back(std::move(connection));
  return {};
}

}  // namespace lambdapool::local
