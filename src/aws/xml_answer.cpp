#include "aws/xml_answer.hpp"

#include <utility>

#include "aws/service_error.hpp"

namespace lambdapool::aws::xml {

namespace {

constexpr std::pair<std::string_view, char> entities[] = {{"&lt;", '<'},    {"&gt;", '>'},   {"&quot;", '"'},
                                                          {"&apos;", '\''}, {"&#39;", '\''}, {"&#34;", '"'},
                                                          {"&amp;", '&'}};

std::string request_id_of(const http::Response& response) {
  if (auto id = text_of(response.body, "RequestId"); !id.empty()) return id;
  std::string id(response.headers.get("x-amzn-requestid"));
  return id.empty() ? std::string(response.headers.get("x-amz-request-id")) : id;
}

}  // namespace

std::optional<std::string_view> element(std::string_view xml, std::string_view name) {
  const auto open = "<" + std::string(name) + ">", close = "</" + std::string(name) + ">";
  const auto start = xml.find(open);
  if (start == std::string_view::npos) return std::nullopt;
  const auto from = start + open.size();
  const auto end = xml.find(close, from);
  if (end == std::string_view::npos) return std::nullopt;
  return xml.substr(from, end - from);
}

std::string unescaped(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    bool found = false;
    for (const auto& [entity, character] : entities) {
      if (!text.starts_with(entity)) continue;
      out += character;
      text.remove_prefix(entity.size());
      found = true;
      break;
    }
    if (found) continue;
    out += text.front();
    text.remove_prefix(1);
  }
  return out;
}

std::string text_of(std::string_view xml, std::string_view name) {
  const auto text = element(xml, name);
  return text ? unescaped(*text) : std::string();
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else
      out += c;
  }
  return out;
}

std::optional<std::vector<std::string_view>> members(std::string_view xml, std::string_view list) {
  constexpr std::string_view end_of_one = "</member>";
  std::vector<std::string_view> out;
  const auto found = element(xml, list);
  if (!found && xml.find("<" + std::string(list) + "/>") == std::string_view::npos) return std::nullopt;
  std::string_view rest = found.value_or(std::string_view());
  while (const auto one = element(rest, "member")) {
    out.push_back(*one);
    rest.remove_prefix(rest.find(end_of_one) + end_of_one.size());
  }
  return out;
}

bool is_success(const http::Response& response) { return response.status >= 200 && response.status < 300; }

// IAM wraps its <Error>, S3 answers with nothing but it.
Error refused(const http::Response& response) {
  std::string_view error = response.body;
  if (const auto inner = element(error, "Error")) error = *inner;
  ErrorAnswer answer{response.status, text_of(error, "Code"), text_of(error, "Message")};
  answer.request_id = request_id_of(response);
  answer.body = response.body;
  return error_of(std::move(answer));
}

Error unreadable(const http::Response& response, const char* missing, const char* service) {
  Error error;
  error.kind = ErrorKind::protocol;
  error.message = "the endpoint answered HTTP " + std::to_string(response.status) + " without a " + missing +
                  "; is it an AWS " + service + " endpoint?";
  error.http_status = response.status;
  error.request_id = request_id_of(response);
  error.detail = response.body;
  return error;
}

}  // namespace lambdapool::aws::xml
