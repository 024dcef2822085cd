#include "local/invoke/invoker.hpp"

#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "local/invoke/response_stream.hpp"
#include "local/store/uuid.hpp"
#include "local/url/stream.hpp"

namespace lambdapool::local {
namespace {

// Their end keeps a processor busy, which the next one's start can use.
constexpr std::chrono::milliseconds retired_after{5};

http::Response result_response(InvocationResult result, const std::string& version, bool log_tail) {
  if (result.refusal) return refusal_response(*result.refusal);
  http::Response response;
  response.headers.add("Content-Type", "application/json");
  response.headers.add("X-Amz-Executed-Version", version);
  if (result.function_error) response.headers.add("X-Amz-Function-Error", "Unhandled");
  if (log_tail) response.headers.add("X-Amz-Log-Result", log_result(result.log));
  response.body = std::move(result.payload);
  return response;
}

http::Response empty_response(int status) {
  http::Response response;
  response.status = status;
  return response;
}

Refusal throttled(std::string reason) {
  return {429, "TooManyRequestsException", "Rate Exceeded.", std::move(reason)};
}

InvocationResult refused_result(Refusal refusal) {
  InvocationResult result;
  result.function_error = true;
  result.refusal = std::move(refusal);
  return result;
}

InvocationResult service_failed(const std::string& why) {
  return refused_result({500, "ServiceException", "The local Lambda has failed: " + why});
}

}  // namespace

// An invocation between its entry and its end, which it has once, whatever becomes of it: where nobody is
// left to tell it (an exception has thrown away what was to), it has failed.
class Invoker::Call {
 public:
  // The version is held until the end, so that its code is not collected while it runs.
  Call(Invoker& invoker, std::string function, std::shared_ptr<const FunctionVersion> version, Done done)
      : loop_(invoker.loop_),
        invoker_(invoker.self_),
        function_(std::move(function)),
        version_(std::move(version)),
        done_(std::move(done)) {}
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  // On any thread.
  ~Call() {
    if (!done_ || invoker_.expired()) return;
    try {
      loop_.post([invoker = std::move(invoker_), function = std::move(function_), done = std::move(done_)] {
        end(invoker, function, done, service_failed("the invocation was dropped"));
      });
    } catch (const std::exception&) {
      // There is no memory even to say so.
    }
  }

  void end(InvocationResult result) {
    if (const auto done = std::exchange(done_, nullptr)) end(invoker_, function_, done, std::move(result));
  }

 private:
  static void end(const std::weak_ptr<Invoker*>& invoker, const std::string& function, const Done& done,
                  InvocationResult result) {
    const auto alive = invoker.lock();
    if (!alive) return;
    (*alive)->gate_.leave(function);
    done(std::move(result));
    (*alive)->events_.capacity_freed();
  }

  http::EventLoop& loop_;
  std::weak_ptr<Invoker*> invoker_;
  std::string function_;
  std::shared_ptr<const FunctionVersion> version_;
  Done done_;
};

Invoker::Invoker(http::EventLoop& loop, Workers& workers, SnapshotCache& snapshots, int concurrency,
                 EventPolicy policy, Mend mend, std::string region, std::uint32_t seed)
    : loop_(loop),
      workers_(workers),
      mend_(std::move(mend)),
      snapshots_(snapshots),
      gate_(concurrency),
      random_(seed),
      region_(std::move(region)),
      self_(std::make_shared<Invoker*>(this)),
      events_(loop, std::move(policy), [this](const EventInvocation& event) { return start_event(event); }) {}

OrRefusal<std::shared_ptr<const Snapshot>> Invoker::find(const FunctionReference& reference) {
  auto snapshot = snapshots_.find(reference);
  std::ranges::move(snapshots_.take_replaced(), std::back_inserter(replaced_));
  if (!replaced_.empty() && !retiring_)
    retiring_ = loop_.call_after(retired_after, [this] {
      retiring_.reset();
      for (const auto& key : std::exchange(replaced_, {})) workers_.retire(key);
    });
  return snapshot;
}

OrRefusal<void> Invoker::enter(const std::string& function, const Snapshot& snapshot) {
  switch (gate_.enter(function, snapshot.reserved, snapshot.reserved_total)) {
    case ConcurrencyGate::Verdict::admitted:
      return {};
    case ConcurrencyGate::Verdict::function_limit:
      return tl::unexpected(throttled("ReservedFunctionConcurrentInvocationLimitExceeded"));
    case ConcurrencyGate::Verdict::account_limit:
      break;
  }
  return tl::unexpected(throttled("ConcurrentInvocationLimitExceeded"));
}

// Somebody may have cleared up in the home.
bool Invoker::is_ready(const FunctionVersion& version) const {
  const auto is_there = [this](const std::filesystem::path& package) {
    return whole_.count(package) != 0 && ::access(package.c_str(), F_OK) == 0;
  };
  return is_there(version.code) && std::all_of(version.layers.begin(), version.layers.end(), is_there);
}

std::shared_ptr<const FunctionVersion> Invoker::choose(const Snapshot& snapshot) {
  const bool second =
      snapshot.second && std::uniform_real_distribution<>(0, 1)(random_) < snapshot.second_weight;
  return second ? snapshot.second : snapshot.version;
}

void Invoker::run(const std::string& function, const std::shared_ptr<const Snapshot>& snapshot,
                  std::shared_ptr<const FunctionVersion> version, Invocation invocation, Done done) {
  invocation.invoked_arn = snapshot->invoked_arn;
  const auto call = std::make_shared<Call>(*this, function, version, std::move(done));
  const auto begin = [this, call](auto& ready, Invocation& begun) {
    workers_.invoke(std::move(ready), std::move(begun),
                    [call](InvocationResult result) { call->end(std::move(result)); });
  };
  try {
    if (is_ready(*version)) return begin(version, invocation);
    mend_(*version, [self = std::weak_ptr(self_), call, begin, version,
                     invocation = std::move(invocation)](Result<void> mended) mutable {
      const auto alive = self.lock();
      if (!alive) return;
      if (!mended)
        return call->end(
            refused_result(conflict("The function cannot be run. " + mended.error().message).value()));
      try {
        (*alive)->whole_.insert(version->code);
        (*alive)->whole_.insert(version->layers.begin(), version->layers.end());
        begin(version, invocation);
      } catch (const std::exception& failure) {
        call->end(service_failed(reason_of(failure)));
      }
    });
  } catch (const std::exception& failure) {
    call->end(service_failed(reason_of(failure)));
  }
}

// It runs nothing that is not ready to run, and waits for nothing but the call before it.
bool Invoker::invoke_early(const InvokeRequest& request, Invocation invocation, const Respond& respond) {
  if (request.type != InvocationType::request_response || request.streaming != Streaming::none) return false;
  if (request.output) return false;  // which is told as it comes
  const auto found = find(request.reference);
  if (!found) return false;
  const auto& snapshot = *found;
  auto version = choose(*snapshot);
  if (!is_ready(*version)) return false;
  const auto& function = request.reference.name;
  invocation.invoked_arn = snapshot->invoked_arn;
  invocation.parts = request.ahead;
  const auto turn = invocation.turn;
  invocation.begun = [self = std::weak_ptr(self_), function, snapshot, turn] {
    const auto alive = self.lock();
    if (!alive) return;
    (*alive)->gate_.succeed(function, snapshot->reserved);
    turn->standing = http::Turn::Standing::begun;
    turn->on_begun();
  };
  return workers_.invoke_early(version, std::move(invocation),
                               [self = std::weak_ptr(self_), function, version, respond, turn,
                                tail = request.log_tail](InvocationResult result) {
                                 const auto alive = self.lock();
                                 if (!alive) return;
                                 const bool begun = turn->standing == http::Turn::Standing::begun;
                                 if (begun) (*alive)->gate_.leave(function);
                                 respond(result_response(std::move(result), version->version, tail));
                                 if (begun) (*alive)->events_.capacity_freed();
                               });
}

void Invoker::expect(const FunctionReference& reference) {
  if (const auto snapshot = find(reference)) workers_.expect(*(*snapshot)->version);
}

void Invoker::invoke(const InvokeRequest& request, const std::string& request_id, std::string payload,
                     Respond respond, std::shared_ptr<http::Turn> turn) {
  if (turn && turn->standing == http::Turn::Standing::early) {
    Invocation early{request_id, std::move(payload), {}, request.client_context};
    early.turn = turn;
    if (invoke_early(request, std::move(early), respond)) return;
    turn->standing = http::Turn::Standing::returned;
    return respond(empty_response(204));
  }
  auto snapshot = find(request.reference);
  if (!snapshot) return respond(refusal_response(snapshot.error()));
  if (request.type == InvocationType::dry_run) return respond(empty_response(204));
  Invocation invocation{request_id, payload.empty() ? "{}" : std::move(payload), {}, request.client_context};
  invocation.turn = std::move(turn);
  if (request.type == InvocationType::event) return answer_event(request, std::move(invocation), respond);
  const auto& function = request.reference.name;
  if (auto entered = enter(function, **snapshot); !entered) return respond(refusal_response(entered.error()));
  auto version = choose(**snapshot);
  const std::string executed = version->version;
  if (request.streaming == Streaming::url) {
    const auto stream = std::make_shared<UrlStream>(std::move(respond));
    invocation.stream_begins = [stream](std::string type) { stream->begin(std::move(type)); };
    invocation.stream = [stream](std::string_view piece) { stream->write(piece); };
    return run(function, *snapshot, version, std::move(invocation),
               [stream](InvocationResult result) { stream->end(std::move(result)); });
  }
  if (request.streaming == Streaming::frames) {
    const auto stream = std::make_shared<ResponseStream>(std::move(respond), executed, request.log_tail);
    invocation.stream = [stream](std::string_view piece) { stream->write(piece); };
    invocation.parts = [stream](std::string_view parts) { stream->write_parts(parts); };
    if (request.output) invocation.output = [stream](std::string_view frame) { stream->write_output(frame); };
    return run(function, *snapshot, version, std::move(invocation),
               [stream](InvocationResult result) { stream->end(std::move(result)); });
  }
  invocation.parts = request.ahead;
  if (request.output) invocation.output = request.ahead;
  run(function, *snapshot, version, std::move(invocation),
      [respond = std::move(respond), executed, tail = request.log_tail](InvocationResult result) {
        respond(result_response(std::move(result), executed, tail));
      });
}

void Invoker::answer_event(const InvokeRequest& request, Invocation invocation, const Respond& respond) {
  if (events_.add({request.reference, std::move(invocation)})) return respond(empty_response(202));
  respond(refusal_response(throttled("CallerRateLimitExceeded")));
}

EventQueue::Start Invoker::start_event(const EventInvocation& event) {
  auto snapshot = find(event.reference);
  // While a function is Pending its events wait; deleted meanwhile, they have nowhere to go.
  if (!snapshot)
    return snapshot.error().status == 404 ? EventQueue::Start::gone : EventQueue::Start::throttled;
  const auto config = (*snapshot)->events;
  auto version = choose(**snapshot);
  EventEnd end{"EventAgeExceeded", (*snapshot)->invoked_arn, version->version, event.attempt - 1};
  if (events_.age(event) > config.age) {
    send_on(event, end, config.on_failure);
    return EventQueue::Start::gone;
  }
  if (!enter(event.reference.name, **snapshot)) return EventQueue::Start::throttled;
  run(event.reference.name, *snapshot, std::move(version), event.invocation,
      [this, event, config, end](InvocationResult result) mutable {
        const bool failed = result.function_error;
        if (!events_.done(event, failed, config.retries)) return;
        end.condition = failed ? "RetriesExhausted" : "Success";
        end.attempts = event.attempt;
        end.result = std::move(result);
        send_on(event, end, failed ? config.on_failure : config.on_success);
      });
  return EventQueue::Start::started;
}

// A destination is an event like others, of another function.
void Invoker::send_on(const EventInvocation& event, const EventEnd& end, const std::string& destination) {
  if (destination.empty()) return;
  const auto reference = parse_function_reference(destination, region_, "", NameRule::namespaced);
  if (!reference) return;
  Invocation invocation{random_uuid(), destination_record(event, end), {}, {}};
  events_.add({*reference, std::move(invocation)});
}

}  // namespace lambdapool::local
