#include "local/url/access.hpp"

#include <algorithm>

namespace lambdapool::local {
namespace {

bool contains(const std::vector<std::string>& values, std::string_view wanted) {
  return std::any_of(values.begin(), values.end(), [wanted](const std::string& value) {
    return value == "*" || http::equal_ignoring_case(value, wanted);
  });
}

std::string joined(const std::vector<std::string>& values) {
  std::string text;
  for (const auto& value : values) text += (text.empty() ? "" : ",") + value;
  return text;
}

bool is_simple(std::string_view method) { return method == "GET" || method == "HEAD" || method == "POST"; }

// Which a browser sends without asking first, so that it is for us to judge.
bool allows_method(const Cors& cors, std::string_view method) {
  return contains(cors.methods, method) || (cors.methods.empty() && is_simple(method));
}

std::string page_of(const http::Request& head) {
  const auto* origin = head.headers.find("origin");
  return origin != nullptr ? "a web page of " + *origin : std::string("a web page of another origin");
}

bool is_own_page(const http::Request& head) {
  const auto site = head.headers.get("sec-fetch-site");
  const auto* origin = head.headers.find("origin");
  if (origin != nullptr) return *origin == "http://" + std::string(head.headers.get("host"));
  return site == "same-origin" || site == "none";  // none: an address that its user has typed
}

}  // namespace

std::optional<std::string> refused_to_page(const FunctionUrl& url, const UrlAddress& address,
                                           const http::Request& head) {
  const auto* origin = head.headers.find("origin");
  const auto site = head.headers.get("sec-fetch-site");
  if (origin == nullptr && site.empty()) return std::nullopt;  // not a browser
  // There, all functions and the control plane would be of one origin.
  if (address.by_path)
    return "Forbidden. Browsers call a function's URL by its name, ID.lambda-url.REGION.localhost, and not "
           "by "
           "a path.";
  if (is_own_page(head)) return std::nullopt;
  if (url.is_signed) return "Forbidden. " + page_of(head) + " cannot call this URL: its AuthType is AWS_IAM.";
  if (!url.cors)
    return "Forbidden. " + page_of(head) + " cannot call this URL: no Cors is configured for it.";
  if (!contains(url.cors->origins, origin != nullptr ? std::string_view(*origin) : std::string_view()))
    return "Forbidden. " + page_of(head) + " cannot call this URL: its Cors does not allow that origin.";
  if (is_preflight(url, head)) return std::nullopt;
  if (!allows_method(*url.cors, head.method))
    return "Forbidden. " + page_of(head) + " cannot call this URL: its Cors does not allow " + head.method +
           ".";
  return std::nullopt;
}

bool is_preflight(const FunctionUrl& url, const http::Request& head) {
  return url.cors && head.method == "OPTIONS" && head.headers.find("origin") != nullptr &&
         head.headers.find("access-control-request-method") != nullptr;
}

http::Response preflight_answer(const Cors& cors, const http::Request& head) {
  http::Response response;
  const std::string origin(head.headers.get("origin"));
  response.headers.add("Vary", "Origin");
  if (!contains(cors.origins, origin)) return response;
  response.headers.add("Access-Control-Allow-Origin", origin);
  if (cors.credentials) response.headers.add("Access-Control-Allow-Credentials", "true");
  if (!cors.methods.empty()) response.headers.add("Access-Control-Allow-Methods", joined(cors.methods));
  if (!cors.headers.empty()) response.headers.add("Access-Control-Allow-Headers", joined(cors.headers));
  if (cors.max_age) response.headers.add("Access-Control-Max-Age", std::to_string(*cors.max_age));
  return response;
}

void add_cors_headers(const FunctionUrl& url, const http::Request& head, http::Response& response) {
  if (!url.cors) return;
  for (const char* name :
       {"Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Access-Control-Allow-Methods",
        "Access-Control-Allow-Headers", "Access-Control-Expose-Headers", "Access-Control-Max-Age"})
    response.headers.remove(name);
  const auto* origin = head.headers.find("origin");
  if (origin == nullptr || !contains(url.cors->origins, *origin)) return;
  response.headers.add("Access-Control-Allow-Origin", *origin);
  response.headers.add("Vary", "Origin");
  if (url.cors->credentials) response.headers.add("Access-Control-Allow-Credentials", "true");
  if (!url.cors->exposed_headers.empty())
    response.headers.add("Access-Control-Expose-Headers", joined(url.cors->exposed_headers));
}

}  // namespace lambdapool::local
