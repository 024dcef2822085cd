#include "identity/service_call.hpp"

#include "aws/attempt.hpp"
#include "aws/endpoint.hpp"
#include "aws/signed_request.hpp"
#include "core/random.hpp"

namespace lambdapool::identity {

namespace {

using namespace std::chrono_literals;

constexpr Patience patience{5s, 20s};

}  // namespace

Result<http::Response> ServiceCall::send(const std::string& service, const std::string& region,
                                         const http::Request& request, sigv4::Signer* signer) {
  const auto url = aws::resolve_endpoint_url(given_, environment_, service, region);
  if (!url) return tl::unexpected(url.error());
  const auto endpoint = http::Endpoint::parse(*url);
  if (!endpoint) return fail(ErrorKind::invalid_argument, "\"" + *url + "\" is not an endpoint");
  // Asked for twice, keys are other keys, and the first ones nobody's.
  aws::StandardAttempts attempts(max_attempts_, budget_, cloud::Repeatable::yes);
  for (;;) {
    auto signed_one = request;
    if (signer != nullptr) aws::sign(signed_one, *signer, endpoint->host_header(), now());
    auto answer = exchange_.send(*endpoint, std::move(signed_one), patience);
    if (answer && answer->status < 400) {
      attempts.succeeded();
      return *std::move(answer);
    }
    auto step = attempts.failed(answer, {clock_offset_, clock_()}, random_fraction());
    if (const auto* clock = std::get_if<cloud::CorrectClock>(&step)) {
      clock_offset_ = clock->offset;
      continue;
    }
    if (const auto* wait = std::get_if<cloud::Wait>(&step); wait && exchange_.pause(wait->delay)) continue;
    // Keys that have expired were asked for just now: their source has no newer ones.
    if (answer) return *std::move(answer);
    return tl::unexpected(std::move(answer.error().error));
  }
}

}  // namespace lambdapool::identity
