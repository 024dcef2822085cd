// Verifies requests' SigV4 signatures, with AWS's refusals.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "core/sigv4.hpp"
#include "http/message.hpp"
#include "local/control/refusal.hpp"

namespace lambdapool::local {

bool is_signed(const sigv4::Authorization& authorization, std::string_view header);

// Of secrets: takes the same time wherever the first difference is.
bool same(std::string_view a, std::string_view b);

class SignatureCheck {
 public:
  // nullopt: any well-formed signature will do.
  SignatureCheck(std::optional<sigv4::Identity> identity, const std::string& region,
                 const std::string& service = "lambda");

  // Whether verify() will look at the payload's hash (hex).
  bool needs_payload_hash(const http::Request& request) const;

  // What can be said before the body is there: everything but that the signature is right.
  OrRefusal<void> verify_head(const http::Request& head, std::chrono::system_clock::time_point now) const;

  OrRefusal<void> verify(const http::Request& request, std::string_view payload_sha256_hex,
                         std::chrono::system_clock::time_point now);

 private:
  OrRefusal<void> check_identity(const sigv4::Authorization& authorization,
                                 const http::Request& request) const;
  OrRefusal<void> check_date(std::string_view amz_date, std::chrono::system_clock::time_point now) const;

  std::string region_;
  std::string service_;
  std::optional<sigv4::Signer> signer_;
};

}  // namespace lambdapool::local
