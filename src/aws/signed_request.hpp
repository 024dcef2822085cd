// Puts Host, X-Amz-Date, X-Amz-Security-Token and Authorization on a request.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "core/sigv4.hpp"
#include "http/message.hpp"

namespace lambdapool::aws {

// `host` is the Host header's value. x-amz-content-sha256 is not added (Lambda does not need it), the
// body's hash is signed all the same. Where the request has it, its value is believed.
void sign(http::Request& request, sigv4::Signer& signer, const std::string& host,
          std::chrono::system_clock::time_point now);

// Signs requests that differ in nothing but their bodies: what they have in common is made once a second.
class Repeated {
 public:
  explicit Repeated(http::Request common) : common_(std::move(common)) {}

  // Of `request` the body counts; it becomes one of these, with all headers but Authorization in `common`.
  // The signer is always the same one.
  void sign(http::Request& request, sigv4::Signer& signer, const std::string& host,
            std::chrono::system_clock::time_point now);

 private:
  const http::Request common_;
  http::Headers headers_;                     // of this second
  std::shared_ptr<const std::string> lines_;  // the same
  sigv4::Form form_;
  std::chrono::system_clock::time_point second_ = {};
};

}  // namespace lambdapool::aws
