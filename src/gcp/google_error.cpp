#include "gcp/google_error.hpp"

#include <nlohmann/json.hpp>

namespace lambdapool::gcp {
namespace {

using nlohmann::json;

ErrorKind kind_of(int status) {
  switch (status) {
    case 400:
      return ErrorKind::invalid_argument;
    case 401:
      return ErrorKind::credentials;
    case 403:
      return ErrorKind::access_denied;
    case 404:
      return ErrorKind::not_found;
    case 409:
    case 412:
      return ErrorKind::conflict;
    case 413:
      return ErrorKind::payload_too_large;
    case 429:
      return ErrorKind::throttled;
    default:
      return ErrorKind::service;
  }
}

std::string text_of(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace

Error google_error(const http::Response& response) {
  Error error;
  error.http_status = response.status;
  error.kind = kind_of(response.status);
  const json body = json::parse(response.body, nullptr, false);
  const bool has_error = body.is_object() && body.contains("error") && body.at("error").is_object();
  const json status = has_error ? body.at("error") : json::object();
  error.message = text_of(status, "message");
  error.code = text_of(status, "status");
  if (const auto details = status.find("details"); details != status.end() && details->is_array())
    for (const auto& detail : *details)
      if (detail.is_object() && error.reason.empty()) error.reason = text_of(detail, "reason");
  if (error.message.empty())
    error.message = "the service answered with HTTP status " + std::to_string(response.status);
  return error;
}

// google/rpc/code.proto.
Error operation_error(int code, const std::string& message) {
  Error error;
  error.message = message.empty() ? "the operation failed with code " + std::to_string(code) : message;
  switch (code) {
    case 3:
    case 9:
    case 11:
      error.kind = ErrorKind::invalid_argument;
      break;
    case 5:
      error.kind = ErrorKind::not_found;
      break;
    case 6:
    case 10:
      error.kind = ErrorKind::conflict;
      break;
    case 7:
      error.kind = ErrorKind::access_denied;
      break;
    case 8:
      error.kind = ErrorKind::throttled;
      break;
    default:
      error.kind = ErrorKind::service;
  }
  return error;
}

}  // namespace lambdapool::gcp
