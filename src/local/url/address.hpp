// Where a function's URL is: http://ID.lambda-url.REGION.localhost:PORT/, whose origin no other function and
// not the control plane shares; and, for clients that cannot look such a name up, /lambda-url/ID/ under any
// name of the service.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http/message.hpp"

namespace lambdapool::local {

struct UrlAddress {
  std::string id;      // "" where the name is that of another region
  std::string target;  // path and query below the URL
  bool by_path = false;
};

// nullopt: the request is not for a function's URL.
std::optional<UrlAddress> url_address(const http::Request& head, std::string_view region);

// `host`: the Host header of who asks, for its port.
std::string function_url(std::string_view id, std::string_view region, std::string_view host);

}  // namespace lambdapool::local
