#include "local/url/answer.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/encoding.hpp"
#include "local/control/function_config.hpp"

namespace lambdapool::local {
namespace {

// Whose values are the server's.
bool is_connections(std::string_view name) {
  for (const char* own : {"connection", "content-length", "date", "keep-alive", "proxy-connection", "te",
                          "trailer", "transfer-encoding", "upgrade"})
    if (http::equal_ignoring_case(name, own)) return true;
  return false;
}

bool is_header_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return c > ' ' && c < 0x7f &&
           std::string_view("()<>@,;:\\\"/[]?={}").find(static_cast<char>(c)) == std::string_view::npos;
  });
}

bool is_header_value(std::string_view value) {
  return std::all_of(value.begin(), value.end(),
                     [](unsigned char c) { return c == '\t' || (c >= ' ' && c != 0x7f); });
}

std::string text_of(const Json& value) {
  return value.is_string() ? value.get<std::string>()
                           : value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// As Lambda answers JSON: members, numbers and strings as they were, nothing between them.
std::string without_spaces(const std::string& json) {
  std::string text;
  bool in_string = false;
  for (std::size_t at = 0; at < json.size(); ++at) {
    const char c = json[at];
    if (c == '"') in_string = !in_string;
    if (in_string || (c != ' ' && c != '\n' && c != '\r' && c != '\t')) text += c;
    if (in_string && c == '\\' && at + 1 < json.size()) text += json[++at];
  }
  return text;
}

tl::unexpected<http::Response> malformed(const std::string& why) {
  return tl::unexpected(url_refusal(502, "Internal Server Error: the function has returned " + why + "."));
}

// False where it is none.
bool add_header(http::Response& response, const std::string& name, const Json& value) {
  const std::string text = text_of(value);
  if (!is_header_name(name) || !is_header_value(text)) return false;
  if (!is_connections(name)) response.headers.add(name, text);
  return true;
}

tl::expected<http::Response, http::Response> head_of(const Json& result, const char* content_type) {
  const auto status = result.find("statusCode");
  std::int64_t number = 0;
  if (status->is_number_integer()) number = status->get<std::int64_t>();
  if (status->is_string() && status->get_ref<const std::string&>().size() == 3)
    number = std::atoi(status->get_ref<const std::string&>().c_str());
  if (number < 200 || number > 599) return malformed("a statusCode that is none: " + text_of(*status));
  http::Response response;
  response.status = static_cast<int>(number);
  const auto headers = result.find("headers");
  if (headers != result.end() && headers->is_object()) {
    for (const auto& [name, value] : headers->items())
      if (!add_header(response, name, value)) return malformed("a header that is none: " + name);
  }
  const auto cookies = result.find("cookies");
  if (cookies != result.end() && cookies->is_array()) {
    for (const auto& cookie : *cookies)
      if (!add_header(response, "Set-Cookie", cookie)) return malformed("a cookie that is none");
  }
  if (response.headers.find("content-type") == nullptr) response.headers.add("Content-Type", content_type);
  return response;
}

tl::expected<http::Response, http::Response> described(const Json& result) {
  auto head = head_of(result, "application/json");
  const auto body = result.find("body");
  if (!head || body == result.end() || body->is_null()) return head;
  auto& response = *head;
  response.body = text_of(*body);
  if (result.value("isBase64Encoded", Json(false)) != true) return head;
  auto bytes = base64_decode(response.body);
  if (!bytes) return malformed("a body that isBase64Encoded and is not base64");
  response.body = std::move(*bytes);
  return head;
}

}  // namespace

http::Response url_refusal(int status, const std::string& message) {
  http::Response response;
  response.status = status;
  response.headers.add("Content-Type", "application/json");
  if (status == 403) response.headers.add("x-amzn-ErrorType", "AccessDeniedException");
  response.body = Json{{"Message", message}}.dump(-1, ' ', false, Json::error_handler_t::replace);
  return response;
}

http::Response url_answer(const std::string& result) {
  const auto json = Json::parse(result, nullptr, false);
  if (json.is_discarded()) return malformed("what is not JSON").value();
  if (json.is_object() && json.contains("statusCode")) {
    auto answer = described(json);
    return answer ? std::move(*answer) : std::move(answer.error());
  }
  http::Response response;
  response.headers.add("Content-Type", "application/json");
  response.body = json.is_string() ? json.get<std::string>() : without_spaces(result);
  return response;
}

tl::expected<http::Response, http::Response> url_head(const std::string& prelude) {
  auto json = Json::parse(prelude, nullptr, false);
  if (!json.is_object()) return malformed("a prelude that is not a JSON object");
  if (!json.contains("statusCode")) json["statusCode"] = 200;
  return head_of(json, "application/octet-stream");
}

http::Response url_answer_of(http::Response invoked) {
  if (invoked.status != 200) return invoked;
  if (invoked.headers.find("x-amz-function-error") == nullptr) return url_answer(invoked.body);
  return url_failure(invoked.body);
}

http::Response url_failure(const std::string& error) {
  const auto json = Json::parse(error, nullptr, false);
  std::string why;
  if (json.is_object())
    why = text_of(json.value("errorType", Json(""))) + ": " + text_of(json.value("errorMessage", Json("")));
  return url_refusal(
      502, "Internal Server Error: the function has failed" + (why.empty() ? "." : " (" + why + ")."));
}

}  // namespace lambdapool::local
