#include "cli/session.hpp"

#include <future>
#include <thread>
#include <utility>

#include "aws/credentials/credentials.hpp"
#include "aws/lambda/lambda.hpp"
#include "aws/signed_request.hpp"
#include "core/random.hpp"

namespace lambdapool::cli {
namespace {

constexpr std::chrono::seconds read_timeout{60};
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

// `request` is the one that was not sent again: after a 5xx it may have done what it asked for.
tl::unexpected<Error> interrupted(const http::Request& request, bool failed) {
  if (!failed || request.method == "GET") return interrupted();
  return fail(ErrorKind::cancelled,
              "interrupted while the service failed: whether the last step was done is not known.");
}

}  // namespace

Result<std::unique_ptr<Session>> Session::open(const Context& context) { return open(context, nullptr); }

Result<std::unique_ptr<Session>> Session::open_to_read(const Context& context) {
  const auto variable = context.environment.get("LAMBDAPOOL_TARGET");
  if (context.connection.target.value_or(variable.value_or("aws")) != "local") return open(context);
  auto home = LocalHome::find(context.environment);
  if (!home) return tl::unexpected(home.error());
  return open(context, std::make_unique<LocalHome>(std::move(*home)));
}

Result<std::unique_ptr<Session>> Session::open(const Context& context, std::unique_ptr<LocalHome> home) {
  target::TargetOptions options;
  if (home) options.home = home->path();
  options.target = context.connection.target;
  options.aws.region = context.connection.region;
  options.aws.profile = context.connection.profile;
  options.give_up = [&context] { return context.interruption.raised(); };
  Result<target::Target> target = target::resolve(options, context.environment);
  if (!target && target.error().kind == ErrorKind::cancelled) return interrupted();
  if (!target) return tl::unexpected(target.error());
  const std::string region = target->region;
  auto session = std::make_unique<Session>(context, std::move(*target), sigv4::Scope{region, "lambda"});
  session->home_ = std::move(home);
  return session;
}

Result<std::unique_ptr<Session>> Session::open_beside(const Session& lambda, const std::string& service) {
  const Context& context = lambda.context();
  aws::Explicit given;
  given.profile = context.connection.profile;
  target::Target target = lambda.target();
  const auto url = aws::resolve_endpoint_url(given, context.environment, service, target.region);
  if (!url) return tl::unexpected(url.error());
  const auto endpoint = http::Endpoint::parse(*url);
  if (!endpoint)
    return fail(ErrorKind::invalid_argument,
                "the endpoint of " + service + ", '" + *url + "', is not a URL.");
  target.endpoint = *endpoint;
  const std::string region = aws::signing_region(service, target.region);
  return std::make_unique<Session>(context, std::move(target), sigv4::Scope{region, service});
}

Session::Session(const Context& context, target::Target target, sigv4::Scope scope)
    : context_(context),
      target_(std::move(target)),
      scope_(std::move(scope)),
      loop_(std::make_unique<http::EventLoop>()),
      client_(std::make_unique<http::Client>(*loop_, client_options(target_))) {}

void Session::see_through() {
  if (!see_through_) cleans_up_ = context_.interruption.raised();
  see_through_ = true;
}

bool Session::is_given_up() const {
  if (!context_.interruption.raised()) return false;
  if (see_through_ && !cleans_up_) context_.interruption.tell_of_finishing();
  return !see_through_;
}

http::Answer Session::send_once(http::Request request, Repeatable repeatable,
                                const identity::Snapshot& identity) {
  const auto encoding = scope_.service == "s3" ? sigv4::PathEncoding::once : sigv4::PathEncoding::twice;
  sigv4::Signer signer(identity->identity, scope_, encoding);
  aws::sign(request, signer, target_.endpoint.host_header(),
            std::chrono::system_clock::now() + clock_offset_);
  const auto timeout = request.body.size() > large_body ? upload_timeout : read_timeout;
  auto promise = std::make_shared<std::promise<http::Answer>>();
  std::future<http::Answer> answer = promise->get_future();
  const auto id = client_->send(std::move(request), timeout,
                                [promise](http::Answer got) { promise->set_value(std::move(got)); });
  bool cancelled = false;
  while (answer.wait_for(std::chrono::milliseconds{50}) != std::future_status::ready) {
    if (cancelled || !is_given_up() || repeatable == Repeatable::no) continue;
    client_->cancel(id);
    cancelled = true;
  }
  return answer.get();
}

Result<void> Session::pause(std::chrono::milliseconds delay) const {
  const auto until = std::chrono::steady_clock::now() + delay;
  if (context_.interruption.wait_for(delay) && is_given_up()) return interrupted();
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

Result<Reply> Session::send(const http::Request& request, Repeatable repeatable) {
  aws::StandardAttempts attempts(target_.settings.max_attempts, budget_, repeatable);
  identity::Snapshot identity = target_.provider->current();
  for (bool failed = false;;) {
    http::Answer answer = send_once(request, repeatable, identity);
    if (answer && answer->status < 400) {
      attempts.succeeded();
      return Reply{std::move(*answer), failed};
    }
    const aws::Signing signing{clock_offset_, std::chrono::system_clock::now()};
    auto step = attempts.failed(answer, signing, random_fraction());
    if (auto* end = std::get_if<aws::GiveUp>(&step)) {
      if (answer) return Reply{std::move(*answer), failed};
      if (end->error.kind == ErrorKind::cancelled) return interrupted(request, failed);
      return tl::unexpected(std::move(end->error));
    }
    if (std::holds_alternative<aws::RenewCredentials>(step)) {
      auto fresh = renew(identity);
      if (!fresh) return tl::unexpected(std::move(fresh.error()));
      identity = std::move(*fresh);
    } else if (const auto* clock = std::get_if<aws::CorrectClock>(&step)) {
      clock_offset_ = clock->offset;
    } else {
      failed = failed || (answer && answer->status >= 500);
      if (auto waited = pause(std::get<aws::Wait>(step).delay); !waited) return interrupted(request, failed);
    }
  }
}

}  // namespace lambdapool::cli
