#include "aws/json_answer.hpp"

#include <nlohmann/json.hpp>

#include "aws/service_error.hpp"

namespace lambdapool::aws {

using nlohmann::json;

const json& member(const json& object, const char* name) {
  static const json nothing;
  if (!object.is_object()) return nothing;
  const auto found = object.find(name);
  return found == object.end() ? nothing : *found;
}

std::string text(const json& object, const char* name) {
  const auto& value = member(object, name);
  return value.is_string() ? value.get<std::string>() : std::string();
}

std::int64_t number(const json& object, const char* name) {
  const auto& value = member(object, name);
  return value.is_number_integer() ? value.get<std::int64_t>() : 0;
}

std::map<std::string, std::string> texts(const json& object) {
  std::map<std::string, std::string> out;
  if (!object.is_object()) return out;
  for (const auto& [name, value] : object.items()) {
    if (value.is_string()) out[name] = value.get<std::string>();
  }
  return out;
}

std::vector<std::string> text_list(const json& array) {
  std::vector<std::string> out;
  if (!array.is_array()) return out;
  for (const auto& value : array)
    if (value.is_string()) out.push_back(value.get<std::string>());
  return out;
}

Error unreadable(const http::Response& response, const std::string& what) {
  Error error;
  error.kind = ErrorKind::protocol;
  error.message = "the endpoint answered HTTP " + std::to_string(response.status) + " with " + what +
                  "; is it an AWS Lambda endpoint?";
  error.http_status = response.status;
  error.request_id = response.headers.get("x-amzn-requestid");
  error.detail = response.body;
  return error;
}

Result<json> object_of(const http::Response& response) {
  if (response.status < 200 || response.status >= 300) return tl::unexpected(service_error(response));
  auto body = json::parse(response.body, nullptr, false);
  if (!body.is_object()) return tl::unexpected(unreadable(response, "a body that is not a JSON object"));
  return body;
}

}  // namespace lambdapool::aws
