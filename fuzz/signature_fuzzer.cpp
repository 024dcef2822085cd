// Whatever head a request has: without the secret it is never let in where keys are asked for, and what was
// signed with the secret is.
#include <chrono>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/encoding.hpp"
#include "http/parser.hpp"
#include "local/control/admission.hpp"
#include "local/control/signature.hpp"

using namespace lambdapool;

namespace {

using Time = std::chrono::system_clock::time_point;

const sigv4::Identity identity{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"};
const Time now = Time(std::chrono::seconds(1'440'938'160));  // 20150830T123600Z
const std::string empty_hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

void refuse_forged(const http::Request& request) {
  local::SignatureCheck check(identity, "us-east-1");
  check.needs_payload_hash(request);
  if (check.verify(request, empty_hash, now)) std::abort();
  local::SignatureCheck lenient(std::nullopt, "us-east-1");
  const auto outcome = lenient.verify(request, empty_hash, now);
  if (!outcome) local::refusal_response(outcome.error());
}

void accept_signed(http::Request request) {
  for (const char* name : {"authorization", "x-amz-date", "host", "x-amz-security-token"})
    request.headers.remove(name);
  const std::string date = sigv4::format_amz_date(now);
  request.headers.add("host", "localhost:9001");
  request.headers.add("x-amz-date", date);
  const auto* hash_header = request.headers.find("x-amz-content-sha256");
  const std::string hash =
      hash_header != nullptr && *hash_header == "UNSIGNED-PAYLOAD" ? *hash_header : empty_hash;
  const sigv4::Message message{
      request.method, request.target, {{"host", "localhost:9001"}, {"x-amz-date", date}}, hash};
  sigv4::Signer signer(identity, {"us-east-1", "lambda"});
  request.headers.add("authorization", signer.authorization(message, date));
  local::SignatureCheck check(identity, "us-east-1");
  if (!check.verify(request, empty_hash, now)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  http::RequestParser parser({.header_bytes = 4'096, .body_bytes = 4'096});
  if (parser.feed(bytes) != http::Progress::head) return 0;
  const http::Request head = parser.head();
  refuse_forged(head);
  accept_signed(head);
  const local::Admission admission({.any_user = true, .hosts = {"lambda.test:80"}});
  const auto judged = admission.judge(head, {.uid = 1, .port = 9001});
  if (!judged) local::refusal_response(judged.error());
  local::is_host(head.headers.get("host"));
  return 0;
}
