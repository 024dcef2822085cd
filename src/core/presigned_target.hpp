// Signature Version 4 in the query: a URL that lets whoever has it make one call, for a time. What it carries
// is covered by no hash.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "core/sigv4.hpp"

namespace lambdapool::sigv4 {

inline constexpr std::chrono::seconds presigned_life_max{7 * 24 * 3600};  // S3's

struct Permission {
  std::string_view method;
  std::string_view target;  // the wire's path and query
  std::string_view host;    // the Host header's value; it alone is signed
  std::chrono::seconds expires;
};

// The target with the X-Amz- parameters added.
std::string presigned_target(Signer& signer, const Permission& permission,
                             std::chrono::system_clock::time_point now);

// The parts of a received presigned target.
struct QueryAuthorization {
  Authorization authorization;
  std::string amz_date;
  std::string session_token;  // "" where there is none
  std::chrono::seconds expires;
  std::string signed_target;  // without the signature
};
// nullopt: there is no signature in the query, or not all that belongs to one.
std::optional<QueryAuthorization> parse_query_authorization(std::string_view target);

}  // namespace lambdapool::sigv4
