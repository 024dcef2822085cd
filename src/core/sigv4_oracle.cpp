// Signs what it is told to, so that tests/python/test_sigv4_oracle.py can compare with botocore.
// Each line of standard input is a JSON object; each line of standard output its Authorization header.
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "core/encoding.hpp"
#include "core/sigv4.hpp"

int main() {
  using namespace lambdapool;
  for (std::string line; std::getline(std::cin, line);) {
    const auto request = nlohmann::json::parse(line);
    const auto text = [&](const char* name) { return request.at(name).get_ref<const std::string&>(); };
    sigv4::Signer signer(
        {text("access_key_id"), text("secret_access_key")}, {text("region"), text("service")},
        request.at("s3").get<bool>() ? sigv4::PathEncoding::once : sigv4::PathEncoding::twice);
    sigv4::Message message;
    const auto method = text("method");
    const auto target = text("target");
    const auto payload_hash = sha256_hex(text("body"));
    message.method = method;
    message.target = target;
    message.payload_sha256_hex = payload_hash;
    for (const auto& header : request.at("headers")) {
      message.headers.emplace_back(header.at(0).get_ref<const std::string&>(),
                                   header.at(1).get_ref<const std::string&>());
    }
    std::cout << signer.authorization(message, text("amz_date")) << '\n';
  }
  return 0;
}
