// AWS Signature Version 4, as a computation: no clock, no sockets. Used by the client to sign and by
// the local Lambda to verify; botocore is the oracle for both.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/encoding.hpp"

namespace lambdapool::sigv4 {

inline constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";

struct Identity {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token = {};  // "" where there is none
};

struct Scope {
  std::string region;
  std::string service;
};

// How the path is canonicalised: every service but S3 encodes the wire path once more.
enum class PathEncoding { twice, once };

// What is signed. `headers` are (name, value) pairs, any case, any order; all of them are signed.
struct Message {
  std::string_view method;
  std::string_view target;  // the wire's path and query
  std::vector<std::pair<std::string_view, std::string_view>> headers;
  std::string_view payload_sha256_hex;
};

// What messages of one time that differ in nothing but their payloads have in common.
struct Form {
  Sha256Stream canonical;     // request, up to the payload's hash
  HmacStream to_sign;         // with that day's key, up to the canonical request's hash
  std::string authorization;  // up to the signature
};

// Keeps the day's derived key, so that signing costs about a microsecond. Not thread-safe.
class Signer {
 public:
  Signer(Identity identity, Scope scope, PathEncoding path = PathEncoding::twice);

  // `amz_date` must be among message.headers under x-amz-date; use format_amz_date.
  std::string authorization(const Message& message, std::string_view amz_date) {
    return authorization(form(message, amz_date), message.payload_sha256_hex);
  }
  Form form(const Message& message, std::string_view amz_date);  // whose payload does not count
  static std::string authorization(const Form& form, std::string_view payload_sha256_hex);
  const Identity& identity() const { return identity_; }
  const Scope& scope() const { return scope_; }

 private:
  Identity identity_;
  Scope scope_;
  PathEncoding path_;
  std::string key_date_;
  std::string key_;
};

std::string format_amz_date(std::chrono::system_clock::time_point now);
std::optional<std::chrono::system_clock::time_point> parse_amz_date(std::string_view text);

// The parts of a received Authorization header.
struct Authorization {
  std::string access_key_id;
  std::string date;  // YYYYMMDD
  std::string region;
  std::string service;
  std::vector<std::string> signed_headers;
  std::string signature;
};
std::optional<Authorization> parse_authorization(std::string_view header);

}  // namespace lambdapool::sigv4
