// Verifies the signatures of S3's requests, in the header or in the query, with S3's refusals. All of it is
// said by the head: a body's hash is in it, and is held against the body as that comes (ObjectWriter).
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "core/presigned_target.hpp"
#include "core/sigv4.hpp"
#include "http/message.hpp"
#include "local/control/refusal.hpp"

namespace lambdapool::local {

class S3Signature {
 public:
  // nullopt: any well-formed signature will do; those in a query expire all the same.
  S3Signature(std::optional<sigv4::Identity> identity, const std::string& region);

  OrRefusal<void> verify(const http::Request& head, std::chrono::system_clock::time_point now);

 private:
  struct Claim {
    sigv4::Authorization authorization;
    std::string amz_date;
    std::string session_token;
    std::string target;
    std::string payload_hash;
  };
  OrRefusal<Claim> claim_of(const http::Request& head, std::chrono::system_clock::time_point now) const;
  OrRefusal<void> check_identity(const Claim& claim) const;

  std::string region_;
  std::optional<sigv4::Signer> signer_;
};

}  // namespace lambdapool::local
