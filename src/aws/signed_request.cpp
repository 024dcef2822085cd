#include "aws/signed_request.hpp"

#include <algorithm>
#include <array>

#include "core/encoding.hpp"

namespace lambdapool::aws {

namespace {

// What a connection adds or changes on the way is left unsigned, as botocore leaves it.
bool is_signed(std::string_view name) {
  static constexpr std::array<std::string_view, 10> unsigned_names = {
      "authorization", "connection",        "expect",  "keep-alive", "te",
      "trailer",       "transfer-encoding", "upgrade", "user-agent", "x-amzn-trace-id"};
  return std::none_of(unsigned_names.begin(), unsigned_names.end(),
                      [&](std::string_view other) { return http::equal_ignoring_case(name, other); });
}

}  // namespace

void sign(http::Request& request, sigv4::Signer& signer, const std::string& host,
          std::chrono::system_clock::time_point now) {
  const auto date = sigv4::format_amz_date(now);
  request.headers.remove("Authorization");  // of an earlier attempt
  request.headers.set("Host", host);
  request.headers.set("X-Amz-Date", date);
  if (signer.identity().session_token.empty()) {
    request.headers.remove("X-Amz-Security-Token");
  } else {
    request.headers.set("X-Amz-Security-Token", signer.identity().session_token);
  }

  // S3's requests say it, which may be that the payload is not signed.
  const auto* said = request.headers.find("X-Amz-Content-Sha256");
  const auto payload_hash = said != nullptr ? *said : sha256_hex(request.body);
  sigv4::Message message;
  message.method = request.method;
  message.target = request.target;
  message.payload_sha256_hex = payload_hash;
  for (const auto& header : request.headers.items()) {
    if (is_signed(header.name)) message.headers.emplace_back(header.name, header.value);
  }
  request.headers.add("Authorization", signer.authorization(message, date));
}

}  // namespace lambdapool::aws
