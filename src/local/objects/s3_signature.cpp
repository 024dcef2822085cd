#include "local/objects/s3_signature.hpp"

#include "core/encoding.hpp"
#include "core/timestamp.hpp"
#include "local/control/signature.hpp"
#include "local/objects/s3_request.hpp"

namespace lambdapool::local {
namespace {

constexpr auto tolerance = std::chrono::minutes(15);

tl::unexpected<Refusal> denied(std::string message) {
  return refuse(403, "AccessDenied", std::move(message));
}

}  // namespace

S3Signature::S3Signature(std::optional<sigv4::Identity> identity, const std::string& region)
    : region_(region) {
  if (identity) signer_.emplace(std::move(*identity), sigv4::Scope{region, "s3"}, sigv4::PathEncoding::once);
}

OrRefusal<S3Signature::Claim> S3Signature::claim_of(const http::Request& head,
                                                    std::chrono::system_clock::time_point now) const {
  if (auto query = sigv4::parse_query_authorization(head.target)) {
    const auto since = sigv4::parse_amz_date(query->amz_date);
    if (!since || *since > now + tolerance) return denied("Request is not yet valid");
    if (now > *since + query->expires)
      return denied("Request has expired (" + format_timestamp(*since + query->expires) + ")");
    return Claim{query->authorization, query->amz_date, query->session_token, query->signed_target,
                 "UNSIGNED-PAYLOAD"};
  }
  if (has_old_signature(head))
    return refuse(400, "InvalidRequest",
                  "The authorization mechanism you have provided is not supported. Please use "
                  "AWS4-HMAC-SHA256 (boto3: Config(signature_version=\"s3v4\")).");
  const auto authorization = sigv4::parse_authorization(head.headers.get("authorization"));
  const std::string amz_date(head.headers.get("x-amz-date"));
  const std::string hash(head.headers.get("x-amz-content-sha256"));
  if (!authorization || amz_date.empty() || hash.empty() || !is_signed(*authorization, "x-amz-date"))
    return denied(
        "The signature must be AWS4-HMAC-SHA256, in the header Authorization beside X-Amz-Date and "
        "X-Amz-Content-Sha256, or in the query.");
  const auto date = sigv4::parse_amz_date(amz_date);
  if (!date || *date < now - tolerance || *date > now + tolerance)
    return refuse(403, "RequestTimeTooSkewed",
                  "The difference between the request time and the current time is too large.");
  return Claim{*authorization, amz_date, std::string(head.headers.get("x-amz-security-token")), head.target,
               hash};
}

OrRefusal<void> S3Signature::check_identity(const Claim& claim) const {
  const auto& identity = signer_->identity();
  if (claim.authorization.access_key_id != identity.access_key_id)
    return refuse(403, "InvalidAccessKeyId",
                  "The AWS Access Key Id you provided does not exist in our records.");
  if (claim.session_token != identity.session_token)
    return refuse(403, "InvalidToken", "The provided token is malformed or otherwise invalid.");
  if (claim.authorization.region != region_ || claim.authorization.service != "s3")
    return refuse(400, "AuthorizationHeaderMalformed",
                  "The authorization header is malformed; the region '" + claim.authorization.region +
                      "' is wrong; expecting '" + region_ + "'");
  return {};
}

OrRefusal<void> S3Signature::verify(const http::Request& head, std::chrono::system_clock::time_point now) {
  const auto claim = claim_of(head, now);
  if (!claim) return tl::unexpected(claim.error());
  if (!is_signed(claim->authorization, "host")) return denied("The header Host must be signed.");
  if (!signer_) return {};
  if (auto known = check_identity(*claim); !known) return known;
  sigv4::Message message{head.method, claim->target, {}, claim->payload_hash};
  for (const auto& header : head.headers.items()) {
    if (is_signed(claim->authorization, header.name)) message.headers.emplace_back(header.name, header.value);
  }
  const auto expected = sigv4::parse_authorization(signer_->authorization(message, claim->amz_date));
  // Compared as hashes, so that how long it takes says nothing.
  if (expected && expected->date == claim->authorization.date &&
      sha256_hex(expected->signature) == sha256_hex(claim->authorization.signature))
    return {};
  return refuse(403, "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided. Check your "
                "key and signing method.");
}

}  // namespace lambdapool::local
