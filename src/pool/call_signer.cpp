#include "pool/call_signer.hpp"

#include <utility>

#include "aws/lambda/invoke.hpp"
#include "aws/signed_request.hpp"

namespace lambdapool::pool {
namespace {

// Lambda accepts signatures for five minutes. One made at submission is made anew after less.
constexpr std::chrono::minutes signature_life{3};

}  // namespace

CallSigner::CallSigner(const target::Target& target, const std::string& function)
    : provider_(target.provider),
      scope_{target.region, "lambda"},
      host_(target.endpoint.host_header()),
      prototype_(aws::invoke_request(function, {})),
      newest_(provider_->current()),
      signer_(newest_->identity, scope_) {
  prototype_.headers.set("X-Amz-Log-Type", "Tail");
}

// A queue of a million calls holds their payloads, not as many copies of the same headers.
void CallSigner::complete(http::Request& request) const {
  if (!request.headers.items().empty()) return;
  request.method = prototype_.method;
  request.target = prototype_.target;
  request.headers = prototype_.headers;
}

Signature CallSigner::sign_early(http::Request& request) const {
  complete(request);
  Signature signature{std::chrono::system_clock::now(), provider_->current(), clock_offset_};
  sigv4::Signer own(signature.as->identity, scope_);
  aws::sign(request, own, host_, signature.at + signature.with);
  return signature;
}

void CallSigner::sign(http::Request& request, Signature& signature) {
  complete(request);
  const auto now = std::chrono::system_clock::now();
  if (auto newest = provider_->current(); newest != newest_) {
    signer_ = sigv4::Signer(newest->identity, scope_);
    newest_ = std::move(newest);
  }
  const clock_skew::Offset offset = clock_offset_;
  const bool is_good =
      now - signature.at <= signature_life && signature.as == newest_ && signature.with == offset;
  if (is_good) return;
  signature.as = newest_;
  signature.with = offset;
  if (request.body.size() >= large_payload) signature.at = now;
  aws::sign(request, signer_, host_, now + offset);
}

}  // namespace lambdapool::pool
