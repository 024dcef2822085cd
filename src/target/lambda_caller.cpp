#include "target/lambda_caller.hpp"

#include <utility>

#include "aws/attempt.hpp"
#include "aws/lambda/answer_stream.hpp"
#include "aws/lambda/function_name.hpp"
#include "aws/lambda/invoke.hpp"
#include "aws/lambda/refusal.hpp"
#include "aws/lambda/report.hpp"
#include "aws/signed_request.hpp"
#include "core/envelope.hpp"
#include "core/limits.hpp"
#include "core/part_frames.hpp"
#include "core/task_data.hpp"

namespace lambdapool::target {
namespace {

// Lambda accepts signatures for five minutes. One made at submission is made anew after less.
constexpr std::chrono::minutes signature_life{3};

// To hash a payload of this size takes long enough that its signature is kept from one attempt to the next.
constexpr std::size_t kept_payload = 256 * 1'024;

// Has all headers of its own: those that were signed with others alike are signed so again.
bool is_complete(const http::Request& request) { return !request.common && !request.headers.items().empty(); }

}  // namespace

Result<std::unique_ptr<cloud::Caller>> LambdaCaller::open(const Target& target, const std::string& function) {
  auto parsed = aws::parse_function_name(function);
  if (!parsed) return tl::unexpected(std::move(parsed.error()));
  return std::unique_ptr<cloud::Caller>(new LambdaCaller(target, function, std::move(parsed->name)));
}

LambdaCaller::LambdaCaller(const Target& target, std::string function, std::string name)
    : function_(std::move(function)),
      name_(std::move(name)),
      target_name_(target.name),
      region_(target.region),
      signs_(!target.in_process),
      route_{target.endpoint, target.settings.ca_bundle, target.proxies},
      provider_(target.provider),
      scope_{target.region, "lambda"},
      host_(target.endpoint.host_header()),
      prototype_(aws::invoke_request(function_, {})),
      streaming_target_(aws::streaming_target(prototype_.target)),
      newest_(provider_->current()),
      signer_(newest_->identity, scope_) {
  prototype_.headers.set("X-Amz-Log-Type", "Tail");
}

const cloud::CallLimits& LambdaCaller::limits() const {
  static const cloud::CallLimits lambda{
      limits::request_payload_bytes_max,
      std::chrono::seconds(limits::timeout_s_max),
      "Lambda",
      "pass less, or name an S3 bucket for such data (bucket, or the environment variable "
      "LAMBDAPOOL_BUCKET)",
      0,
      cloud::CallLimits::Early::streamed};
  static const cloud::CallLimits own = [] {  // of a service of this process, which takes bytes as they are
    auto made = lambda;
    made.raw_body_bytes_max = envelope::raw_body_max;
    made.early = cloud::CallLimits::Early::beside;
    return made;
  }();
  return signs_ ? lambda : own;
}

// A queue of a million calls holds their payloads, not as many copies of the same headers.
void LambdaCaller::complete(http::Request& request) const {
  if (is_complete(request)) return;
  if (request.target != streaming_target_) request.target = prototype_.target;
  request.method = prototype_.method;
  request.headers = prototype_.headers;
  request.common = nullptr;
}

void LambdaCaller::address(http::Request& request, const std::string& variant) const {
  complete(request);
  request.target = aws::invoke_request(variant, {}).target;
}

void LambdaCaller::stream(http::Request& request, Ahead ahead) const {
  request.target = is_complete(request) ? aws::streaming_target(request.target) : streaming_target_;
  request.reader = std::make_shared<aws::AnswerStream>(std::move(ahead));
}

void LambdaCaller::ask_for_output() { prototype_.headers.set(live_output_header, live_output_value); }

void LambdaCaller::stream_no_more(http::Request& request) const {
  request.target = aws::plain_target(request.target);
  request.reader = nullptr;
  envelope::stream_no_more(request.body);
}

cloud::Signature LambdaCaller::sign_early(http::Request& request) const {
  complete(request);
  if (!signs_) return {};
  const auto identity = provider_->current();
  const cloud::Signature signature{std::chrono::system_clock::now(), identity, clock_offset_};
  sigv4::Signer own(identity->identity, scope_);
  aws::sign(request, own, host_, signature.at + signature.with);
  return signature;
}

void LambdaCaller::sign(http::Request& request, cloud::Signature& signature) {
  if (!signs_) return complete(request);
  const auto now = std::chrono::system_clock::now();
  if (auto newest = provider_->current(); newest != newest_) {
    signer_ = sigv4::Signer(newest->identity, scope_);
    newest_ = std::move(newest);
    plain_.reset();
    streaming_.reset();
  }
  const clock_skew::Offset offset = clock_offset_;
  const bool is_good =
      now - signature.at <= signature_life && signature.as == newest_ && signature.with == offset;
  if (is_good) return;
  signature.as = newest_;
  signature.with = offset;
  if (request.body.size() >= kept_payload) signature.at = now;
  if (is_complete(request)) return aws::sign(request, signer_, host_, now + offset);
  auto& alike = request.target == streaming_target_ ? streaming_ : plain_;
  if (!alike) {
    http::Request common;
    common.target = request.target;
    complete(common);
    alike.emplace(std::move(common));
  }
  alike->sign(request, signer_, host_, now + offset);
}

void LambdaCaller::renew(const cloud::Credential& stale, std::function<void(Result<void>)> then) {
  provider_->renew(std::static_pointer_cast<const aws::Credentials>(stale),
                   [then = std::move(then)](Result<identity::Snapshot> result) {
                     then(result ? Result<void>{} : tl::unexpected(std::move(result.error())));
                   });
}

bool LambdaCaller::is_outcome(const http::Response& response) const {
  return response.status >= 200 && response.status < 300 &&
         response.headers.find("x-amz-function-error") == nullptr;
}

std::variant<cloud::Invoked, cloud::Failure> LambdaCaller::judge(http::Response response) const {
  const http::Headers headers = response.status < 400 ? http::Headers() : response.headers;
  auto result = aws::parse_invoke(std::move(response), function_);
  if (result) return std::move(*result);
  aws::explain_refusal(result.error(), function_, target_name_, region_);
  return aws::judge(std::move(result.error()), headers);
}

cloud::Failure LambdaCaller::judge(http::TransportError failure) const {
  return aws::judge(std::move(failure));
}

std::optional<report::Invocation> LambdaCaller::reported_in(std::string_view log) const {
  const auto line = aws::find_report(log);
  return line ? std::optional(aws::invocation_of(*line)) : std::nullopt;
}

cloud::Throttle LambdaCaller::throttle_of(const Error& refusal) const { return aws::throttle_of(refusal); }

std::string LambdaCaller::explain_throttle(const Error& refusal) const {
  return aws::explain_throttle(refusal, function_, target_name_, region_);
}

}  // namespace lambdapool::target
