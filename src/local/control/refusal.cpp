#include "local/control/refusal.hpp"

#include <nlohmann/json.hpp>

namespace lambdapool::local {
namespace {

// The member that holds the text is written with a capital in these error shapes only (botocore's model).
bool capital_message(std::string_view type) {
  return type == "ResourceNotFoundException" || type == "ServiceException" ||
         type == "UnknownOperationException";
}

}  // namespace

http::Response refusal_response(const Refusal& refusal) {
  nlohmann::ordered_json body;
  if (!refusal.reason.empty()) body["Reason"] = refusal.reason;
  if (refusal.has_type && refusal.type != "ValidationException")
    body["Type"] = refusal.status >= 500 ? "Service" : "User";
  body[capital_message(refusal.type) ? "Message" : "message"] = refusal.message;
  http::Response response;
  response.status = refusal.status;
  response.headers.add("Content-Type", "application/json");
  response.headers.add("x-amzn-errortype", refusal.type);
  if (refusal.status == 429) response.headers.add("Retry-After", "1");
  response.body = body.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  return response;
}

tl::unexpected<Refusal> refuse(int status, std::string type, std::string message) {
  return tl::unexpected<Refusal>(Refusal{status, std::move(type), std::move(message)});
}

tl::unexpected<Refusal> invalid_parameter(std::string message) {
  return refuse(400, "InvalidParameterValueException", std::move(message));
}

tl::unexpected<Refusal> not_found(std::string message) {
  return refuse(404, "ResourceNotFoundException", std::move(message));
}

tl::unexpected<Refusal> conflict(std::string message) {
  return refuse(409, "ResourceConflictException", std::move(message));
}

tl::unexpected<Refusal> service_failure(const Error& error) {
  return refuse(500, "ServiceException", error.message);
}

tl::unexpected<Refusal> too_large(std::string message) {
  return refuse(413, "RequestEntityTooLargeException", std::move(message));
}

tl::unexpected<Refusal> without_type(tl::unexpected<Refusal> refused) {
  refused.value().has_type = false;
  return refused;
}

tl::unexpected<Refusal> validation_error(std::string_view value, std::string_view member,
                                         std::string_view constraint) {
  return validation_errors({{std::string(value), std::string(member), std::string(constraint)}});
}

tl::unexpected<Refusal> validation_errors(const Violations& violations) {
  std::string text =
      std::to_string(violations.size()) +
      (violations.size() == 1 ? " validation error detected: " : " validation errors detected: ");
  for (const auto& violation : violations) {
    text.append(&violation == &violations.front() ? "" : "; ").append("Value ");
    text.append(violation.value == "null" ? "null" : "'" + violation.value + "'");
    text.append(" at '").append(violation.member).append("' failed to satisfy constraint: ");
    text.append(violation.constraint);
  }
  return refuse(400, "ValidationException", std::move(text));
}

tl::unexpected<Refusal> pattern_error(std::string_view value, std::string_view member,
                                      std::string_view pattern) {
  return validation_errors({pattern_violation(std::string(value), std::string(member), pattern)});
}

Violation pattern_violation(std::string value, std::string member, std::string_view pattern) {
  return {std::move(value), std::move(member),
          "Member must satisfy regular expression pattern: " + std::string(pattern)};
}

}  // namespace lambdapool::local
