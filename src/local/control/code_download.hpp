// Where GetFunction's Location leads: a URL on this same endpoint that needs no signature, because it carries
// a token of its own, good for ten minutes and for one package.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "http/message.hpp"
#include "local/control/refusal.hpp"
#include "local/control/router.hpp"

namespace lambdapool::local {

class CodeDownload {
 public:
  explicit CodeDownload(std::string secret) : secret_(std::move(secret)) {}

  // Makes URLs below http://`host`.
  std::function<std::string(const std::string& sha256)> locator(
      std::string_view host, std::chrono::system_clock::time_point now) const;

  // The package that a download may have; 403 for a wrong or expired token.
  OrRefusal<std::string> permitted(const Route& route, std::chrono::system_clock::time_point now) const;

 private:
  std::string secret_;
};

http::Response code_response(const std::filesystem::path& zip);

}  // namespace lambdapool::local
