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

// Puts on the headers what is signed, and says what that is.
sigv4::Form complete(const http::Request& request, http::Headers& headers, sigv4::Signer& signer,
                     const std::string& host, std::chrono::system_clock::time_point now) {
  const auto date = sigv4::format_amz_date(now);
  headers.remove("Authorization");  // of an earlier attempt
  headers.set("Host", host);
  headers.set("X-Amz-Date", date);
  if (signer.identity().session_token.empty()) {
    headers.remove("X-Amz-Security-Token");
  } else {
    headers.set("X-Amz-Security-Token", signer.identity().session_token);
  }
  sigv4::Message message;
  message.method = request.method;
  message.target = request.target;
  for (const auto& header : headers.items()) {
    if (is_signed(header.name)) message.headers.emplace_back(header.name, header.value);
  }
  return signer.form(message, date);
}

}  // namespace

void sign(http::Request& request, sigv4::Signer& signer, const std::string& host,
          std::chrono::system_clock::time_point now) {
  const auto form = complete(request, request.headers, signer, host, now);
  // S3's requests say it, which may be that the payload is not signed.
  const auto* said = request.headers.find("X-Amz-Content-Sha256");
  const auto payload_hash = said != nullptr ? *said : sha256_hex(request.body);
  request.headers.add("Authorization", signer.authorization(form, payload_hash));
  request.common = nullptr;
}

void Repeated::sign(http::Request& request, sigv4::Signer& signer, const std::string& host,
                    std::chrono::system_clock::time_point now) {
  const auto second = std::chrono::floor<std::chrono::seconds>(now);
  if (second != second_) {
    headers_ = common_.headers;
    form_ = complete(common_, headers_, signer, host, second);
    // What cannot be sent is for the client to refuse.
    lines_ = http::breaks_lines(headers_) ? nullptr
                                          : std::make_shared<const std::string>(http::header_lines(headers_));
    second_ = second;
  }
  request.method = common_.method;
  request.target = common_.target;
  request.headers = lines_ ? http::Headers() : headers_;
  request.headers.add("Authorization", signer.authorization(form_, sha256_hex(request.body)));
  request.common = lines_;
}

}  // namespace lambdapool::aws
