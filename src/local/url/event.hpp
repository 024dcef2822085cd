// A request to a function's URL as the function sees it: payload format version 2.0 of Lambda's developer
// guide
// ("Invoking Lambda function URLs").
#pragma once

#include <cstdint>
#include <string>

#include "http/message.hpp"
#include "local/url/address.hpp"

namespace lambdapool::local {

struct UrlCall {
  UrlAddress address;
  std::string domain;  // of the URL's name
  std::string request_id;
  std::string access_key;  // of who signed it; "": nobody has
  std::int64_t at_ms = 0;
};

std::string url_event(const UrlCall& call, const http::Request& request);

}  // namespace lambdapool::local
