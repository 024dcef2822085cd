#include "deploy/session.hpp"

#include <future>
#include <thread>
#include <utility>

#include "aws/credentials/credentials.hpp"
#include "aws/endpoint.hpp"
#include "aws/signed_request.hpp"
#include "core/own_thread.hpp"
#include "core/random.hpp"
#include "gcp/attempt.hpp"

namespace lambdapool::deploy {
namespace {

constexpr std::chrono::seconds upload_timeout{600};  // a zip at its largest over a slow line
constexpr std::size_t large_body = std::size_t{1} << 20;

http::ClientOptions client_options(const target::Target& target) {
  http::ClientOptions options;
  options.endpoint = target.endpoint;
  options.ca_bundle = target.settings.ca_bundle;
  options.proxies = target.proxies;
  return options;
}

tl::unexpected<Error> interrupted() {
  return fail(ErrorKind::cancelled, "interrupted: nothing was changed.");
}

// `method`: of the request that was not sent again: after a 5xx it may have done what it asked for.
tl::unexpected<Error> interrupted(const std::string& method, bool failed) {
  if (!failed || method == "GET") return interrupted();
  return fail(ErrorKind::cancelled,
              "interrupted while the service failed: whether the last step was done is not known.");
}

}  // namespace

Result<std::unique_ptr<Session>> Session::open(Connection& connection, const Events& events,
                                               const StopToken& stop) {
  if (connection.is_google())
    return fail(ErrorKind::invalid_argument,
                "this is on the targets aws and local alone: on " + connection.target_name() +
                    " there are no layers; give what is in one as paths of the function.");
  auto target = connection.target(stop);
  if (!target) return tl::unexpected(std::move(target.error()));
  sigv4::Scope scope{target->region, "lambda"};
  return make(connection, std::move(*target), std::move(scope), events, stop);
}

Result<std::unique_ptr<Session>> Session::open_to_run(Connection& connection, const Events& events,
                                                      const StopToken& stop) {
  auto target = connection.target(stop);
  if (!target) return tl::unexpected(std::move(target.error()));
  LAMBDAPOOL_CHECK(target->google);
  sigv4::Scope scope{target->region, "run"};
  return make(connection, std::move(*target), std::move(scope), events, stop);
}

Result<std::unique_ptr<Session>> Session::open_to_read(Connection& connection, const Events& events,
                                                       const StopToken& stop) {
  if (!connection.is_local()) return open(connection, events, stop);
  auto home = LocalHome::find(connection);
  if (!home) return tl::unexpected(std::move(home.error()));
  if (home->exists()) return open(connection, events, stop);
  auto target = connection.at_home(home->path()).target(stop);
  if (!target) return tl::unexpected(std::move(target.error()));
  sigv4::Scope scope{target->region, "lambda"};
  auto session = make(connection, std::move(*target), std::move(scope), events, stop);
  if (session) (*session)->home_ = std::make_unique<LocalHome>(std::move(*home));
  return session;
}

Result<std::unique_ptr<Session>> Session::open_beside(const Session& lambda, const std::string& service) {
  const Connection& connection = lambda.connection_;
  aws::Explicit given;
  given.profile = connection.options().aws.profile;
  target::Target target = lambda.target();
  const auto url = aws::resolve_endpoint_url(given, connection.environment(), service, target.region);
  if (!url) return tl::unexpected(url.error());
  const auto endpoint = http::Endpoint::parse(*url);
  if (!endpoint)
    return fail(ErrorKind::invalid_argument,
                "the endpoint of " + service + ", '" + *url + "', is not a URL.");
  target.endpoint = *endpoint;
  sigv4::Scope scope{aws::signing_region(service, target.region), service};
  return make(lambda.connection_, std::move(target), std::move(scope), lambda.events_, lambda.stop_);
}

std::unique_ptr<Session> Session::open_at(const Session& other, http::Endpoint endpoint) {
  target::Target target = other.target();
  target.endpoint = std::move(endpoint);
  return std::unique_ptr<Session>(
      new Session(other.connection_, std::move(target), other.scope_, other.events_, other.stop_));
}

Result<std::unique_ptr<Session>> Session::make(Connection& connection, target::Target target,
                                               sigv4::Scope scope, const Events& events,
                                               const StopToken& stop) {
  return made_with_thread([&] {
    return std::unique_ptr<Session>(
        new Session(connection, std::move(target), std::move(scope), events, stop));
  });
}

Session::Session(Connection& connection, target::Target target, sigv4::Scope scope, Events events,
                 StopToken stop)
    : connection_(connection),
      target_(std::move(target)),
      scope_(std::move(scope)),
      events_(std::move(events)),
      stop_(std::move(stop)),
      loop_(std::make_unique<http::EventLoop>()),
      client_(std::make_unique<http::Client>(*loop_, client_options(target_))) {}

void Session::see_through() {
  if (!see_through_) cleans_up_ = stop_.is_wanted();
  see_through_ = true;
}

bool Session::is_given_up() const {
  if (!stop_.is_wanted()) return false;
  if (see_through_ && !cleans_up_) tell(Event::Kind::finishing);
  return !see_through_;
}

// The request comes back signed, so that a package of megabytes is sent again without a copy of it.
http::Answer Session::send_once(http::Request& request, Repeatable repeatable,
                                const identity::Snapshot& identity) {
  struct Exchanged {
    http::Answer answer;
    http::Request request;
  };
  if (target_.google) {
    token_ = target_.google->tokens->current();
    request.headers.set("Authorization", "Bearer " + token_->text);
    if (const auto& payer = target_.google->quota_project; !payer.empty())
      request.headers.set("X-Goog-User-Project", payer);
  } else {
    const auto encoding = scope_.service == "s3" ? sigv4::PathEncoding::once : sigv4::PathEncoding::twice;
    sigv4::Signer signer(identity->identity, scope_, encoding);
    aws::sign(request, signer, target_.endpoint.host_header(),
              std::chrono::system_clock::now() + clock_offset_);
  }
  const auto timeout = request.body.size() > large_body ? upload_timeout : read_timeout_;
  auto promise = std::make_shared<std::promise<Exchanged>>();
  auto exchanged = promise->get_future();
  const auto id = client_->send_returning(std::move(request), timeout,
                                          [promise](http::Answer answer, http::Request sent) {
                                            promise->set_value({std::move(answer), std::move(sent)});
                                          });
  bool cancelled = false;
  while (exchanged.wait_for(std::chrono::milliseconds{50}) != std::future_status::ready) {
    if (cancelled || !is_given_up() || repeatable == Repeatable::no) continue;
    client_->cancel(id);
    cancelled = true;
  }
  auto [answer, sent] = exchanged.get();
  request = std::move(sent);
  return std::move(answer);
}

Result<void> Session::pause(std::chrono::milliseconds delay) const {
  const auto until = std::chrono::steady_clock::now() + delay;
  if (stop_.wait_for(delay) && is_given_up()) return interrupted();
  std::this_thread::sleep_until(until);
  return {};
}

Result<identity::Snapshot> Session::renew(const identity::Snapshot& stale) {
  auto promise = std::make_shared<std::promise<Result<identity::Snapshot>>>();
  auto renewed = promise->get_future();
  target_.provider->renew(
      stale, [promise](Result<identity::Snapshot> result) { promise->set_value(std::move(result)); });
  while (renewed.wait_for(std::chrono::milliseconds{50}) != std::future_status::ready)
    if (is_given_up()) return interrupted();
  return renewed.get();
}

Result<void> Session::renew_token() {
  auto promise = std::make_shared<std::promise<Result<identity::Tokens::Snapshot>>>();
  auto renewed = promise->get_future();
  target_.google->tokens->renew(token_, [promise](Result<identity::Tokens::Snapshot> result) {
    promise->set_value(std::move(result));
  });
  while (renewed.wait_for(std::chrono::milliseconds{50}) != std::future_status::ready)
    if (is_given_up()) return interrupted();
  if (auto token = renewed.get(); !token) return tl::unexpected(token.error());
  return {};
}

Result<Reply> Session::send(http::Request request, Repeatable repeatable) {
  aws::StandardAttempts attempts(target_.settings.max_attempts, budget_, repeatable,
                                 target_.google ? gcp::judge : nullptr);
  identity::Snapshot identity = target_.provider ? target_.provider->current() : nullptr;
  for (bool failed = false;;) {
    http::Answer answer = send_once(request, repeatable, identity);
    if (answer && answer->status < 400) {
      attempts.succeeded();
      return Reply{std::move(*answer), failed};
    }
    const cloud::Signing signing{clock_offset_, std::chrono::system_clock::now()};
    auto step = attempts.failed(answer, signing, random_fraction());
    if (auto* end = std::get_if<cloud::GiveUp>(&step)) {
      if (answer) return Reply{std::move(*answer), failed};
      if (end->error.kind == ErrorKind::cancelled) return interrupted(request.method, failed);
      return tl::unexpected(std::move(end->error));
    }
    if (std::holds_alternative<cloud::RenewCredentials>(step) && target_.google) {
      if (auto renewed = renew_token(); !renewed) return tl::unexpected(renewed.error());
    } else if (std::holds_alternative<cloud::RenewCredentials>(step)) {
      auto fresh = renew(identity);
      if (!fresh) return tl::unexpected(std::move(fresh.error()));
      identity = std::move(*fresh);
    } else if (const auto* clock = std::get_if<cloud::CorrectClock>(&step)) {
      clock_offset_ = clock->offset;
    } else {
      failed = failed || (answer && answer->status >= 500);
      if (auto waited = pause(std::get<cloud::Wait>(step).delay); !waited)
        return interrupted(request.method, failed);
    }
  }
}

}  // namespace lambdapool::deploy
