#include "local/run/run_answer.hpp"

#include <nlohmann/json.hpp>

namespace lambdapool::local::run {
namespace {

using nlohmann::json;

const char* status_name(int code) {
  switch (code) {
    case 400:
      return "INVALID_ARGUMENT";
    case 401:
      return "UNAUTHENTICATED";
    case 403:
      return "PERMISSION_DENIED";
    case 404:
      return "NOT_FOUND";
    case 409:
      return "ALREADY_EXISTS";
    default:
      return "INTERNAL";
  }
}

}  // namespace

std::string dumped(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

http::Response json_answer(const std::string& body, int status) {
  return {status, {{"Content-Type", "application/json; charset=UTF-8"}}, body};
}

http::Response platform_answer(int status, const std::string& text) {
  return {status, {{"Content-Type", "text/plain; charset=utf-8"}}, text + "\n"};
}

http::Response refusal(int status, const std::string& message) {
  return json_answer(
      dumped({{"error", {{"code", status}, {"message", message}, {"status", status_name(status)}}}}), status);
}

http::Response refusal(const Error& error) {
  return refusal(error.kind == ErrorKind::io         ? 500
                 : error.kind == ErrorKind::conflict ? 409
                                                     : 400,
                 error.message);
}

}  // namespace lambdapool::local::run
