#include "target/run_caller.hpp"

#include <algorithm>
#include <utility>

#include "aws/attempt.hpp"
#include "aws/lambda/function_error.hpp"
#include "aws/lambda/report.hpp"
#include "core/encoding.hpp"
#include "core/part_frames.hpp"
#include "core/retry.hpp"
#include "gcp/credentials/token_requests.hpp"
#include "gcp/limits.hpp"
#include "gcp/run/call_stream.hpp"
#include "gcp/run/services.hpp"
#include "gcp/service_name.hpp"
#include "identity/exchange.hpp"
#include "target/google.hpp"
#include "target/plain_http.hpp"

namespace lambdapool::target {
namespace {

using Kind = cloud::Failure::Kind;

// A body that goes as it is leaves room for its head.
const cloud::CallLimits run_limits{gcp::limits::request_bytes_max,
                                   std::chrono::seconds(gcp::limits::timeout_s_max),
                                   "Cloud Run",
                                   "pass less",
                                   gcp::limits::request_bytes_max - (64u << 10),
                                   cloud::CallLimits::Early::accepted};

constexpr identity::Patience patience{std::chrono::seconds(10), std::chrono::seconds(30)};

std::string no_function(const std::string& function, const std::string& where) {
  return "there is no function " + function + " " + where + "; `lambdapool create " + function +
         " PATHS` makes it, and `lambdapool list` shows those that are there";
}

bool is_tag(const std::string& text) {
  return !text.empty() && text.front() >= 'a' && text.front() <= 'z' && !text.ends_with('-') &&
         std::ranges::all_of(
             text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

// A tag has its own, though tokens are for the service's. "": there is no such tag.
std::string address_of(const gcp::run::Service& service, const std::string& tag) {
  if (tag.empty()) return service.uri;
  const auto found = std::ranges::find(service.traffic_in_force, tag, &gcp::run::Traffic::tag);
  return found == service.traffic_in_force.end() ? "" : found->uri;
}

// What the platform says comes as text or HTML.
std::string said(const http::Response& response) {
  constexpr std::size_t enough = 200;
  std::string text = response.body.substr(0, response.body.find('\n')).substr(0, enough);
  std::ranges::replace_if(
      text, [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
  return text.empty() ? "" : " (" + text + ")";
}

}  // namespace

Result<std::unique_ptr<cloud::Caller>> RunCaller::open(const Target& target, const std::string& function) {
  const auto colon = std::min(function.find(':'), function.size());
  const auto service = gcp::service_id(function.substr(0, colon));
  if (!service) return tl::unexpected(service.error());
  const std::string tag = function.substr(std::min(colon + 1, function.size()));
  if (colon != function.size() && !is_tag(tag))
    return fail(ErrorKind::invalid_argument,
                "'" + function +
                    "': what follows the colon is a tag of its Cloud Run service, which begins with a letter "
                    "and has lower-case letters, digits and hyphens");
  auto place = find(target, {function, *service, tag});
  if (!place) return tl::unexpected(place.error());
  return std::unique_ptr<cloud::Caller>(new RunCaller(target, function, std::move(*place)));
}

// A local service's address follows from its name. One of Google's knows its own, which is also for whom a
// token has to be.
Result<RunCaller::Place> RunCaller::find(const Target& target, const Called& called) {
  const auto& [function, service, tag] = called;
  const Google& google = *target.google;
  if (target.name != "gcp")
    return Place{target.endpoint,
                 "/_run/" + percent_encode(google.project) + "/" + percent_encode(target.region) + "/" +
                     (tag.empty() ? "" : tag + "---") + service + "/",
                 google.tokens};
  auto request =
      gcp::run::get_service_request(gcp::run::Place{google.project, target.region}.service(service));
  request.headers.set("Authorization", "Bearer " + google.tokens->current()->text);
  if (!google.quota_project.empty()) request.headers.set("X-Goog-User-Project", google.quota_project);
  identity::Exchange exchange(google.source.connection, google.source.give_up);
  const auto answer = exchange.send(target.endpoint, std::move(request), patience);
  if (!answer) return tl::unexpected(answer.error().error);
  auto found = gcp::run::parse_get_service(*answer);
  if (!found && found.error().kind == ErrorKind::not_found)
    found.error().message = no_function(function, "in " + google.project + ", " + target.region);
  if (!found) return tl::unexpected(found.error());
  if (found->uri.empty())
    return fail(ErrorKind::not_found,
                "the function " + function + " has no address yet: it has never come up");
  const auto address = address_of(*found, tag);
  if (address.empty())
    return fail(ErrorKind::not_found, "the function " + function + " is not there in " + google.project +
                                          ", " + target.region + ": its service has no such tag");
  const auto at = gcp::place_of(address);
  if (!at) return tl::unexpected(at.error());
  if (at->endpoint.scheme == http::Endpoint::Scheme::http)
    if (auto safe = refuse_plain_http(at->endpoint, std::nullopt); !safe) return tl::unexpected(safe.error());
  auto tokens = tokens_for(google, found->uri);
  if (!tokens) return tl::unexpected(tokens.error());
  return Place{at->endpoint, at->target.ends_with('/') ? at->target : at->target + "/", std::move(*tokens)};
}

RunCaller::RunCaller(const Target& target, std::string function, Place place)
    : function_(std::move(function)),
      place_("on the target " + target.name),
      let_call_(gcp::run::command_to_let_call(
          {target.google->project, target.region},
          gcp::service_id(function_.substr(0, function_.find(':'))).value_or("SERVICE"))),
      route_{place.endpoint, target.settings.ca_bundle, target.proxies},
      tokens_(std::move(place.tokens)),
      prototype_{"POST",
                 place.path,
                 {{"Content-Type", "application/vnd.lambdapool"},
                  {"Accept", std::string(parts_media_type) + ", */*"}}} {}

const cloud::CallLimits& RunCaller::limits() const { return run_limits; }

void RunCaller::complete(http::Request& request) const {
  if (!request.headers.items().empty()) return;
  request.method = prototype_.method;
  request.target = prototype_.target;
  request.headers = prototype_.headers;
}

void RunCaller::stream(http::Request& request, Ahead ahead) const {
  complete(request);
  request.reader = std::make_shared<gcp::run::CallStream>(std::move(ahead));
}

void RunCaller::ask_for_output() { prototype_.headers.set(live_output_header, live_output_value); }

// A call that has nothing to hear early is streamed, too, where it takes long: so it is heard of.
cloud::Signature RunCaller::sign_early(http::Request& request) const {
  complete(request);
  if (!request.reader) request.reader = std::make_shared<gcp::run::CallStream>(nothing_ahead);
  return {};
}

void RunCaller::sign(http::Request& request, cloud::Signature& signature) {
  sign_early(request);
  const auto token = tokens_->current();
  request.headers.set("Authorization", "Bearer " + token->text);
  signature.as = token;
}

void RunCaller::renew(const cloud::Credential& stale, std::function<void(Result<void>)> then) {
  tokens_->renew(std::static_pointer_cast<const gcp::Token>(stale),
                 [then = std::move(then)](Result<identity::Tokens::Snapshot> result) {
                   then(result ? Result<void>{} : tl::unexpected(std::move(result.error())));
                 });
}

bool RunCaller::is_outcome(const http::Response& response) const {
  return response.status >= 200 && response.status < 300 &&
         response.headers.find("X-Lambdapool-Error") == nullptr;
}

std::variant<cloud::Invoked, cloud::Failure> RunCaller::judge(http::Response response) const {
  std::string log(response.headers.get("X-Lambdapool-Log"));
  std::string id(response.headers.get("X-Lambdapool-Request"));
  if (is_outcome(response)) return cloud::Invoked{std::move(response.body), std::move(id), std::move(log)};
  if (response.status >= 300) return refused(response);
  Error error = aws::function_error(std::move(response.body), base64_decode(log).value_or(""), function_,
                                    {gcp::limits::timeout_s_max, gcp::limits::memory_mb_max});
  error.request_id = std::move(id);
  return cloud::Failure{Kind::final, std::move(error)};
}

// Cloud Run refuses with 429 what has not run. Of what it answers with 5xx, its own log alone knows whether
// it has; the local one says it.
cloud::Failure RunCaller::refused(const http::Response& response) const {
  Error error;
  error.http_status = response.status;
  switch (response.status) {
    case 401:
    case 403:
      error.kind = ErrorKind::access_denied;
      error.message = "access to the function " + function_ + " " + place_ + " is denied to " +
                      tokens_->current()->source + "; its account needs the role roles/run.invoker, which " +
                      let_call_ + " gives";
      return {response.status == 401 ? Kind::expired_token : Kind::final, std::move(error)};
    case 404:
      error.kind = ErrorKind::not_found;
      error.message = no_function(function_, place_);
      return {Kind::final, std::move(error)};
    case 413:
      error.kind = ErrorKind::payload_too_large;
      error.message = "the call's payload is larger than Cloud Run accepts" + said(response);
      return {Kind::final, std::move(error)};
    case 429: {
      error.kind = ErrorKind::throttled;
      error.message = "no instance of the function " + function_ + " was free" + said(response);
      const auto seconds = retry::parse_retry_after(response.headers.get("Retry-After"));
      return {Kind::throttled, std::move(error), seconds ? std::optional(*seconds * 1'000) : std::nullopt};
    }
    case 504:
      error.kind = ErrorKind::timed_out;
      error.message =
          "the function " + function_ + " did not answer within its service's timeout, and may go on";
      return {Kind::ran, std::move(error)};
    default:
      error.kind = ErrorKind::service;
      error.message = "the function " + function_ + " was answered for with HTTP status " +
                      std::to_string(response.status) + said(response);
      return {response.status >= 500 && !response.headers.find("X-Lambdapool-Not-Run") ? Kind::may_have_run
                                                                                       : Kind::final,
              std::move(error)};
  }
}

std::optional<report::Invocation> RunCaller::reported_in(std::string_view log) const {
  const auto found = aws::find_report(log);
  return found ? std::optional(aws::invocation_of(*found)) : std::nullopt;
}

// What stands before an instance ends an answer in the middle where the instance has gone.
cloud::Failure RunCaller::judge(http::TransportError failure) const {
  if (failure.cut_off && gcp::run::is_stream(failure.headers)) failure.error.kind = ErrorKind::worker_died;
  if (failure.error.kind == ErrorKind::worker_died)
    failure.error.message =
        "the instance of the function " + function_ + " has ended in the middle of its answer";
  const std::string id(failure.headers.get("X-Lambdapool-Request"));
  auto judged = aws::judge(std::move(failure));
  judged.error.request_id = id;
  return judged;
}

std::string RunCaller::explain_throttle(const Error&) const {
  return "all instances that the function " + function_ + " may have " + place_ +
         " are in use; use fewer workers";
}

}  // namespace lambdapool::target
