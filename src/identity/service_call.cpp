#include "identity/service_call.hpp"

#include "aws/lambda/lambda.hpp"
#include "aws/signed_request.hpp"
#include "core/random.hpp"
#include "core/retry.hpp"

namespace lambdapool::identity {

namespace {

using namespace std::chrono_literals;

constexpr Patience patience{5s, 20s};

}  // namespace

Result<http::Response> ServiceCall::send(const std::string& service, const std::string& region,
                                         const http::Request& request, sigv4::Signer* signer) const {
  const auto url = aws::resolve_endpoint_url(given, environment, service, region);
  if (!url) return tl::unexpected(url.error());
  const auto endpoint = http::Endpoint::parse(*url);
  if (!endpoint) return fail(ErrorKind::invalid_argument, "\"" + *url + "\" is not an endpoint");
  retry::Attempts attempts;
  retry::Budget budget;
  for (;;) {
    auto signed_one = request;
    if (signer != nullptr) aws::sign(signed_one, *signer, endpoint->host_header(), clock());
    auto answer = exchange.send(*endpoint, std::move(signed_one), patience);
    if (answer && answer->status < 400) return *std::move(answer);
    const Error error = answer ? aws::service_error(*answer) : answer.error().error;
    const auto delay = attempts.failed(retry::classify(error), budget, random_fraction());
    if (delay && exchange.pause(*delay)) continue;
    if (answer) return *std::move(answer);
    return tl::unexpected(error);
  }
}

}  // namespace lambdapool::identity
