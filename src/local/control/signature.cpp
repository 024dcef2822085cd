#include "local/control/signature.hpp"

#include <algorithm>

namespace lambdapool::local {
namespace {

constexpr std::string_view unsigned_payload = "UNSIGNED-PAYLOAD";
constexpr auto tolerance = std::chrono::minutes(15);

tl::unexpected<Refusal> bad_signature(std::string message) {
  return refuse(403, "InvalidSignatureException", std::move(message));
}

sigv4::Message signed_message(const http::Request& request, const sigv4::Authorization& authorization,
                              std::string_view payload_hash) {
  sigv4::Message message{request.method, request.target, {}, payload_hash};
  for (const auto& header : request.headers.items()) {
    if (is_signed(authorization, header.name)) message.headers.emplace_back(header.name, header.value);
  }
  return message;
}

}  // namespace

bool is_signed(const sigv4::Authorization& authorization, std::string_view header) {
  const auto& names = authorization.signed_headers;
  return std::any_of(names.begin(), names.end(),
                     [header](const std::string& name) { return http::equal_ignoring_case(name, header); });
}

bool same(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) difference |= static_cast<unsigned char>(a[i] ^ b[i]);
  return difference == 0;
}

SignatureCheck::SignatureCheck(std::optional<sigv4::Identity> identity, const std::string& region,
                               const std::string& service)
    : region_(region), service_(service) {
  if (identity) signer_.emplace(std::move(*identity), sigv4::Scope{region, service});
}

bool SignatureCheck::needs_payload_hash(const http::Request& request) const {
  return signer_ && request.headers.get("x-amz-content-sha256") != unsigned_payload;
}

OrRefusal<void> SignatureCheck::verify_head(const http::Request& head,
                                            std::chrono::system_clock::time_point now) const {
  const auto* header = head.headers.find("authorization");
  if (header == nullptr) {
    return refuse(403, "MissingAuthenticationTokenException", "Missing Authentication Token");
  }
  const auto authorization = sigv4::parse_authorization(*header);
  const auto amz_date = head.headers.get("x-amz-date");
  if (!authorization || amz_date.empty() || !is_signed(*authorization, "host")) {
    return refuse(
        403, "IncompleteSignatureException",
        "The Authorization header must be AWS4-HMAC-SHA256 with Credential, SignedHeaders (host among them) "
        "and Signature, beside the header X-Amz-Date.");
  }
  if (!signer_) return {};
  if (auto known = check_identity(*authorization, head); !known) return known;
  return check_date(amz_date, now);
}

OrRefusal<void> SignatureCheck::verify(const http::Request& request, std::string_view payload_sha256_hex,
                                       std::chrono::system_clock::time_point now) {
  if (auto head = verify_head(request, now); !head || !signer_) return head;
  const auto authorization = sigv4::parse_authorization(request.headers.get("authorization"));
  const auto amz_date = request.headers.get("x-amz-date");
  const auto hash = needs_payload_hash(request) ? payload_sha256_hex : unsigned_payload;
  const auto expected = signer_->authorization(signed_message(request, *authorization, hash), amz_date);
  const auto parsed = sigv4::parse_authorization(expected);
  if (is_signed(*authorization, "x-amz-date") && parsed && authorization->date == parsed->date &&
      same(parsed->signature, authorization->signature)) {
    return {};
  }
  return bad_signature(
      "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
      "Access Key "
      "and signing method. Consult the service documentation for details.");
}

OrRefusal<void> SignatureCheck::check_identity(const sigv4::Authorization& authorization,
                                               const http::Request& request) const {
  const auto& identity = signer_->identity();
  if (authorization.access_key_id != identity.access_key_id ||
      request.headers.get("x-amz-security-token") != identity.session_token) {
    return refuse(403, "UnrecognizedClientException",
                  "The security token included in the request is invalid.");
  }
  if (authorization.service != service_) {
    return bad_signature("Credential should be scoped to correct service: '" + service_ + "'. ");
  }
  if (authorization.region != region_) {
    return bad_signature("Credential should be scoped to a valid region, not '" + authorization.region +
                         "'; the local Lambda's is '" + region_ + "'.");
  }
  return {};
}

OrRefusal<void> SignatureCheck::check_date(std::string_view amz_date,
                                           std::chrono::system_clock::time_point now) const {
  const auto date = sigv4::parse_amz_date(amz_date);
  if (!date)
    return bad_signature("X-Amz-Date must be like 20260131T235959Z, not '" + std::string(amz_date) + "'.");
  const auto clock = sigv4::format_amz_date(now);
  if (*date < now - tolerance) {
    return bad_signature("Signature expired: " + std::string(amz_date) + " is now earlier than " +
                         sigv4::format_amz_date(now - tolerance) + " (" + clock + " - 15 min.)");
  }
  if (*date > now + tolerance) {
    return bad_signature("Signature not yet current: " + std::string(amz_date) + " is still later than " +
                         sigv4::format_amz_date(now + tolerance) + " (" + clock + " + 15 min.)");
  }
  return {};
}

}  // namespace lambdapool::local
