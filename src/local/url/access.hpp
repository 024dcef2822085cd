// Web pages and function URLs: a page may call a function only where the URL's own configuration says so.
#pragma once

#include <optional>
#include <string>

#include "http/message.hpp"
#include "local/url/address.hpp"
#include "local/url/config.hpp"

namespace lambdapool::local {

// Why a browser's request is refused, before anything runs; nullopt where it is let in, and for what is not a
// browser. Pages of other origins need AuthType NONE and Cors; the URL's own pages need nothing.
std::optional<std::string> refused_to_page(const FunctionUrl& url, const UrlAddress& address,
                                           const http::Request& head);

// Answered by the URL, not by the function, as Lambda does where Cors is configured.
bool is_preflight(const FunctionUrl& url, const http::Request& head);
http::Response preflight_answer(const Cors& cors, const http::Request& head);

// The configuration's take the place of what the function says.
void add_cors_headers(const FunctionUrl& url, const http::Request& head, http::Response& response);

}  // namespace lambdapool::local
