#include "local/control/control_plane.hpp"

#include <charconv>
#include <cstdio>
#include <limits>

#include "core/encoding.hpp"
#include "core/limits.hpp"
#include "local/control/arn.hpp"
#include "local/control/control_plane_impl.hpp"

namespace lambdapool::local {
namespace {

OrRefusal<void> check_request_size(const Route& route, std::size_t bytes) {
  if (static_cast<std::int64_t>(bytes) <= limits::create_request_bytes_max) return {};
  return too_large(
      "Request must be smaller than " + std::to_string(limits::create_request_bytes_max) + " bytes for the " +
      std::string(route.operation == Operation::invoke ? "InvokeFunction" : aws_name(route.operation)) +
      " operation");
}

// 0 where the head does not say, or says something that is no number.
std::size_t announced_bytes(const http::Request& head) {
  const auto text = head.headers.get("content-length");
  std::size_t bytes = 0;
  std::from_chars(text.data(), text.data() + text.size(), bytes);
  return bytes;
}

Refusal unknown_operation(const http::Request& request) {
  const std::string path = request.target.substr(0, request.target.find('?'));
  std::string message = "The local Lambda has no operation " + request.method + " " + path + ".";
  // Where services of the JSON protocol take all of their calls.
  if (request.method == "POST" && path == "/")
    message +=
        " It has Lambda, a part of S3, the reading calls of CloudWatch Logs, IAM's roles, and STS; what "
        "belongs to "
        "another service needs an endpoint of its own (AWS_ENDPOINT_URL_SERVICE).";
  return {404, "UnknownOperationException", message};
}

http::Response internal_error(const std::exception& failure) {
  return refusal_response(
      {500, "ServiceException", std::string("The local Lambda has failed: ") + reason_of(failure)});
}

}  // namespace

// Back to the loop's thread; nothing if the control plane has ended by then.
void ControlPlane::Impl::post(std::function<void(Impl&)> work) {
  loop.post([self = weak_from_this(), work = std::move(work)] {
    if (const auto alive = self.lock()) work(*alive);
  });
}

// The same for a step of an exchange, which is answered whatever happens.
void ControlPlane::Impl::post_for(std::uint64_t id, std::function<void(Impl&)> work) {
  post([id, work = std::move(work)](Impl& self) { self.guarded(id, [&] { work(self); }); });
}

// One request never ends the service.
void ControlPlane::Impl::guarded(std::uint64_t id, const std::function<void()>& work) {
  try {
    work();
  } catch (const std::exception& failure) {
    respond(id, internal_error(failure));
  }
}

std::optional<http::Response> ControlPlane::Impl::refused(const http::Request& head,
                                                          const http::Caller& caller) {
  if (auto admitted = admission.judge_caller(head, caller); !admitted)
    return refusal_response(admitted.error());
  if (const auto address = url_address(head, options.region)) {
    auto url = open_url(*address, head);
    return url ? std::nullopt : std::optional(std::move(url.error()));
  }
  const auto permitted = judge_call(head);
  return permitted ? std::nullopt : std::optional(refusal_response(permitted.error()));
}

OrRefusal<void> ControlPlane::Impl::judge_call(const http::Request& head) const {
  if (auto from = admission.judge_origin(head); !from) return from;
  const auto found = route(head.method, head.target);
  if (!found) return tl::unexpected(unknown_operation(head));
  if (auto fits = check_request_size(*found, announced_bytes(head)); !fits) return fits;
  if (found->operation != Operation::download_code) return signature.verify_head(head, options.clock());
  if (auto permitted = download.permitted(*found, options.clock()); !permitted)
    return tl::unexpected(permitted.error());
  return {};
}

std::optional<http::Response> ControlPlane::Impl::screen(const http::Request& head,
                                                         const http::Caller& caller) {
  const auto since = std::chrono::steady_clock::now();
  auto response = refused(head, caller);
  if (!response) return std::nullopt;
  complete(*response, request_ids.next());
  log(head, response->status, since);
  return response;
}

void ControlPlane::Impl::handle(http::Request request, http::Responder responder, Caller caller) {
  const auto id = next_exchange++;
  auto address = caller == Caller::own ? std::nullopt : url_address(request, options.region);
  auto found = address ? std::nullopt : route(request.method, request.target);
  exchanges.emplace(id,
                    Exchange{request_ids.next(), std::move(found), std::move(request), std::move(responder),
                             std::chrono::steady_clock::now(), std::move(address), caller == Caller::own});
  guarded(id, [&] { begin(id); });
}

void ControlPlane::Impl::begin(std::uint64_t id) {
  auto& exchange = exchanges.at(id);
  if (exchange.address) return begin_url(id);
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
  const bool invoke = is_invoke(exchange.route->operation);
  if (exchange.own) return invoke ? start_invoke(id, {}) : start_operation(id);
  const bool oversized =
      static_cast<std::int64_t>(exchange.request.body.size()) > limits::request_payload_bytes_max;
  const auto check = [hash = signature.needs_payload_hash(exchange.request),
                      parse = invoke && !oversized](const std::string& body) -> BodyChecks {
    return {hash ? sha256_hex(body) : "", parse ? check_payload_json(body) : OrRefusal<void>{}};
  };
  if (exchange.request.body.size() <= large_payload) return admit(id, check(exchange.request.body));
  threads.run([this, id, check, body = std::move(exchange.request.body)]() mutable {
    BodyChecks checks;
    try {
      checks = check(body);
    } catch (const std::exception& failure) {
      return post_for(id, [id, answer = internal_error(failure)](Impl& self) { self.respond(id, answer); });
    }
    auto shared = std::make_shared<std::string>(std::move(body));
    post_for(id, [id, checks = std::move(checks), shared](Impl& self) {
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
  if (is_invoke(exchange.route->operation)) return start_invoke(id, checks.payload);
  start_operation(id);
}

void ControlPlane::Impl::start_invoke(std::uint64_t id, const OrRefusal<void>& payload) {
  auto& exchange = exchanges.at(id);
  const auto request = read_invoke_request(exchange.request, *exchange.route, options.region);
  if (!request) return refuse_exchange(id, request.error());
  const auto fits = check_payload_size(exchange.request.body.size(), request->type);
  if (!fits) return refuse_exchange(id, fits.error());
  if (!payload) return refuse_exchange(id, payload.error());
  exchange.responder.release_memory();  // as many payloads as the account has concurrency
  invoker.invoke(
      *request, exchange.request_id, std::move(exchange.request.body),
      [self = weak_from_this(), id](http::Response response) {
        if (const auto alive = self.lock()) alive->respond(id, std::move(response));
      },
      exchange.request.turn);
}

void ControlPlane::Impl::start_operation(std::uint64_t id) {
  auto& exchange = exchanges.at(id);
  const std::string host(exchange.request.headers.get("host"));
  auto locate = download.locator(host, options.clock());
  auto url = [host, region = options.region](const std::string& url_id) {
    return function_url(url_id, region, host);
  };
  auto work = [this, id, called = *exchange.route, now = epoch_ms(options.clock()),
               locate = std::move(locate), url = std::move(url),
               body = std::make_shared<std::string>(std::move(exchange.request.body))] {
    http::Response response;
    std::vector<Transition> transitions;
    std::vector<std::string> without_effect;
    bool released = false;
    try {
      auto opened = databases.with([&](Database& connection) {
        Context context{connection, *code, options.region, options.concurrency, now, locate, url};
        response = run_operation(context, called, std::move(*body));
        transitions = std::move(context.transitions);
        without_effect = std::move(context.without_effect);
        released = context.code_released;
      });
      if (!opened) response = refusal_response(service_failure(opened.error()).value());
    } catch (const std::exception& failure) {
      response = internal_error(failure);
    }
    if (response.status >= 300) transitions.clear();
    if (response.status < 300 && !without_effect.empty())
      post([settings = std::move(without_effect)](Impl& self) { self.warn_of(settings); });
    auto answer = std::make_shared<http::Response>(std::move(response));
    post_for(id, [id, answer, transitions, released](Impl& self) {
      self.after_operation(id, std::move(*answer), transitions, released);
    });
  };
  threads.run(std::move(work));
}

void ControlPlane::Impl::after_operation(std::uint64_t id, http::Response response,
                                         std::vector<Transition> transitions, bool released) {
  retire_outdated();
  respond(id, std::move(response));
  if (!transitions.empty() || released) upkeep.finish(std::move(transitions), released);
}

// Each once: tools send them with every deployment.
void ControlPlane::Impl::warn_of(const std::vector<std::string>& settings) {
  std::string names;
  for (const auto& name : settings) {
    if (warned.insert(name).second) names += (names.empty() ? "" : ", ") + name;
  }
  if (!names.empty())
    options.warn(names + " of functions: kept and shown, without effect on the local Lambda");
}

void ControlPlane::Impl::start_download(std::uint64_t id) {
  auto& exchange = exchanges.at(id);
  const auto sha256 = download.permitted(*exchange.route, options.clock());
  if (!sha256) return refuse_exchange(id, sha256.error());
  threads.run([this, id, file = code->zip(*sha256)] {
    auto answer = std::make_shared<http::Response>();
    try {
      *answer = code_response(file);
    } catch (const std::exception& failure) {
      *answer = internal_error(failure);
    }
    post_for(id, [id, answer](Impl& self) { self.respond(id, std::move(*answer)); });
  });
}

void ControlPlane::Impl::respond(std::uint64_t id, http::Response response) {
  auto node = exchanges.extract(id);
  if (node.empty()) return;
  auto& exchange = node.mapped();
  complete(response, exchange.request_id);
  log(exchange.request, response.status, exchange.since);
  exchange.responder.send(std::move(response));
}

void ControlPlane::Impl::complete(http::Response& response, const std::string& request_id) {
  response.headers.add("x-amzn-RequestId", request_id);
  response.headers.add("Date", date.at(options.clock()));
}

void ControlPlane::Impl::log(const http::Request& request, int status,
                             std::chrono::steady_clock::time_point since) const {
  if (!options.log) return;
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - since;
  char numbers[48];
  std::snprintf(numbers, sizeof numbers, " %d %.1f ms", status, took.count());
  options.log(request.method + " " + request.target + numbers);
}

void ControlPlane::Impl::retire_outdated() {
  for (const auto& key : snapshots.take_outdated()) workers.retire(key);
}

ControlPlane::ControlPlane(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<ControlPlane>> ControlPlane::open(http::EventLoop& loop, Workers& workers,
                                                         ControlPlaneOptions options) {
  auto database = open_database(options.home);
  if (!database) return tl::unexpected(database.error());
  auto code = CodeStore::open(options.home);
  if (!code) return tl::unexpected(code.error());
  auto impl =
      std::make_shared<Impl>(loop, workers, std::move(options), std::move(*database), std::move(*code));
  workers.log_to([weak = std::weak_ptr(impl)](const FunctionVersion& function, const std::string& stream,
                                              std::string_view lines, std::int64_t at_ms) {
    if (const auto alive = weak.lock()) alive->logs.append(function.name, stream, lines, at_ms);
  });
  impl->upkeep.recover();
  return std::unique_ptr<ControlPlane>(new ControlPlane(std::move(impl)));
}

// Background work first: it still posts to the loop. Then what belongs to the loop's thread, on it.
ControlPlane::~ControlPlane() {
  impl_->threads.stop();
  impl_->loop.run([&] {
    impl_->logs.flush_now();
    impl_.reset();
  });
}

std::optional<http::Response> ControlPlane::screen(const http::Request& head, const http::Caller& caller) {
  return impl_->screen(head, caller);
}

void ControlPlane::handle(http::Request request, http::Responder responder) {
  impl_->handle(std::move(request), std::move(responder), Impl::Caller::any);
}

void ControlPlane::handle_own(http::Request request, http::Responder responder) {
  impl_->handle(std::move(request), std::move(responder), Impl::Caller::own);
}

void ControlPlane::expect(std::string function) {
  impl_->post([function = std::move(function)](Impl& self) {
    const auto reference = parse_function_reference(function, self.options.region, "", NameRule::namespaced);
    if (reference) self.invoker.expect(*reference);
  });
}

bool ControlPlane::is_idle() const { return impl_->exchanges.empty(); }

std::vector<std::string> ControlPlane::without_effect() {
  std::vector<std::string> lines;
  const auto read = impl_->databases.with([&](Database& database) {
    for (const auto& record : list_latest(database, "", std::numeric_limits<std::int32_t>::max())) {
      std::string names;
      for (const auto& name : settings_without_effect(record.config))
        names += (names.empty() ? "" : ", ") + name;
      if (!names.empty()) lines.push_back(record.function + ": " + names);
    }
  });
  return read ? lines : std::vector<std::string>{};
}

std::vector<LogGroup> ControlPlane::log_groups() {
  std::vector<LogGroup> groups;
  static_cast<void>(impl_->databases.with([&](Database& database) {
    for (const auto& record : list_latest(database, "", std::numeric_limits<std::int32_t>::max()))
      groups.push_back({record.config.log_group, {record.function}});
  }));
  return groups;
}

void ControlPlane::pause() { impl_->threads.pause(); }
void ControlPlane::resume() { impl_->threads.resume(); }

void ControlPlane::disconnect() {
  impl_->databases.disconnect();
  impl_->database->disconnect();
}

void ControlPlane::close_in_fork() {
  impl_->code->close_in_fork();
  impl_->logs.close_in_fork();
}

}  // namespace lambdapool::local
