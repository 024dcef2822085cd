// What a request to Google carries: an access token for its APIs, an ID token for a service of somebody's.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace lambdapool::gcp {

struct Token {
  std::string text;
  std::string source = {};  // "the service account's key in /home/u/key.json"
  std::optional<std::chrono::system_clock::time_point> expires = {};
};

}  // namespace lambdapool::gcp
