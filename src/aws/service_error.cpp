// What a non-2xx answer means. AWS says it in up to four places (a header, two spellings of two body
// members, the status), and not always in the way its own models have it: what counts is recorded
// answers, such as 413 RequestEntityTooLargeException where the model says RequestTooLargeException.
#include "aws/service_error.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/retry.hpp"

namespace lambdapool::aws {

namespace {

using nlohmann::json;

// "com.amazonaws.lambda#Name:http://..." is Name.
std::string bare_code(std::string_view code) {
  code = code.substr(0, code.find(':'));
  const auto hash = code.rfind('#');
  return std::string(hash == std::string_view::npos ? code : code.substr(hash + 1));
}

std::string first_text(const json& body, std::initializer_list<const char*> names) {
  if (!body.is_object()) return "";
  for (const char* name : names) {
    const auto found = body.find(name);
    if (found != body.end() && found->is_string()) return found->get<std::string>();
  }
  return "";
}

std::string code_of(const http::Response& response, const json& body) {
  if (const auto header = response.headers.get("x-amzn-errortype"); !header.empty()) return bare_code(header);
  if (const auto code = first_text(body, {"__type", "code", "Code"}); !code.empty()) return bare_code(code);
  // "Type" is usually "User" or "Service", which says whose fault it was and not what.
  const auto type = bare_code(first_text(body, {"Type"}));
  return type.ends_with("Exception") ? type : "";
}

template <std::size_t n>
bool is_among(std::string_view code, const std::string_view (&codes)[n]) {
  return std::find(std::begin(codes), std::end(codes), code) != std::end(codes);
}

bool is_credentials_code(std::string_view code) {
  static constexpr std::string_view codes[] = {
      "UnrecognizedClientException",
      "InvalidSignatureException",
      "SignatureDoesNotMatch",
      "InvalidClientTokenId",
      "ExpiredTokenException",
      "ExpiredToken",
      "InvalidAccessKeyId",
      "RequestExpired",
      "MissingAuthenticationTokenException",
      "MissingAuthenticationToken",
      "IncompleteSignatureException",
      "IncompleteSignature",
      "RequestTimeTooSkewed",
      "InvalidToken",
  };
  return is_among(code, codes);
}

bool is_access_code(std::string_view code) {
  static constexpr std::string_view codes[] = {"AccessDeniedException",    "AccessDenied",
                                               "UnauthorizedOperation",    "NotAuthorized",
                                               "KMSAccessDeniedException", "EC2AccessDeniedException"};
  return is_among(code, codes);
}

bool is_too_large_code(std::string_view code) {
  static constexpr std::string_view codes[] = {"RequestEntityTooLargeException", "RequestTooLargeException",
                                               "RequestEntityTooLarge",
                                               "SerializedRequestEntityTooLargeException"};
  return is_among(code, codes);
}

bool is_conflict_code(std::string_view code) {
  static constexpr std::string_view codes[] = {"ResourceConflictException", "PreconditionFailedException",
                                               "EntityAlreadyExists",       "DeleteConflict",
                                               "ConcurrentModification",    "ResourceInUseException"};
  return is_among(code, codes);
}

ErrorKind kind_of(const Error& error, bool from_aws) {
  if (is_credentials_code(error.code)) return ErrorKind::credentials;
  if (is_access_code(error.code)) return ErrorKind::access_denied;
  if (is_too_large_code(error.code)) return ErrorKind::payload_too_large;
  if (is_conflict_code(error.code)) return ErrorKind::conflict;
  if (error.code == "ResourceNotFoundException" || error.code == "NoSuchEntity") return ErrorKind::not_found;
  if (error.code == "LimitExceeded") return ErrorKind::service;  // IAM's quotas, which come as 409
  if (retry::classify(error) == retry::ErrorClass::throttled) return ErrorKind::throttled;
  switch (error.http_status) {
    case 401:
    case 403:
      return ErrorKind::access_denied;
    // Of something that is no Lambda endpoint, a 404 says nothing about the function.
    case 404:
      return from_aws ? ErrorKind::not_found : ErrorKind::service;
    case 409:
    case 412:
      return ErrorKind::conflict;
    case 413:
      return ErrorKind::payload_too_large;
    default:
      return ErrorKind::service;
  }
}

struct Denied {
  std::string_view who, action, resource, because;
};  // because: "because ..." or "with an explicit deny ..."

// "User: W is not authorized to perform: A on resource: R because no identity-based policy allows ..."
std::optional<Denied> parse_denied(std::string_view text) {
  static constexpr std::string_view user = "User: ", verb = " is not authorized to perform: ",
                                    on = " on resource: ";
  const auto who = text.find(user);
  const auto action = text.find(verb);
  if (who == std::string_view::npos || action == std::string_view::npos || action < who) return std::nullopt;
  Denied out;
  out.who = text.substr(who + user.size(), action - who - user.size());
  auto rest = text.substr(action + verb.size());
  const auto because = std::min(rest.find(" because "), rest.find(" with an explicit deny"));
  if (because != std::string_view::npos) {
    out.because = rest.substr(because + 1);
    rest = rest.substr(0, because);
  }
  const auto resource = rest.find(on);
  out.action = rest.substr(0, resource);
  if (resource != std::string_view::npos) out.resource = rest.substr(resource + on.size());
  return out;
}

// Where a statement has to be added; nullopt where none would help.
std::optional<std::string_view> policy_to_change(std::string_view because) {
  const auto says = [&](std::string_view words) { return because.find(words) != std::string_view::npos; };
  if (says("explicit deny")) return std::nullopt;
  if (says("permissions boundary")) return "its permissions boundary";
  if (says("service control policy")) return "the organisation's service control policy";
  if (says("resource control policy")) return "the organisation's resource control policy";
  if (says("session policy")) return "its session policy";
  if (says("VPC endpoint policy")) return "the VPC endpoint's policy";
  return "its IAM policy";
}

std::string statement(std::string_view action, std::string_view resource) {
  const nlohmann::ordered_json object = {
      {"Effect", "Allow"}, {"Action", action}, {"Resource", resource.empty() ? "*" : resource}};
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string access_denied_message(const std::string& text) {
  const auto denied = parse_denied(text);
  if (!denied) return "access denied: " + text;
  std::string out =
      "access denied: " + std::string(denied->who) + " may not perform " + std::string(denied->action);
  if (!denied->resource.empty()) out.append(" on ").append(denied->resource);
  if (!denied->because.empty()) out.append(", ").append(denied->because);
  const auto policy = policy_to_change(denied->because);
  if (!policy) return out + "; as long as that denies it, no other statement allows it";
  return out + "; add to " + std::string(*policy) + " the statement " +
         statement(denied->action, denied->resource);
}

std::string credentials_message(const Error& error, const std::string& text) {
  if (error.code.starts_with("Expired") ||
      text.find("token included in the request is expired") != std::string::npos) {
    return "the AWS credentials have expired: " + text + "; get new ones and try again";
  }
  if (text.find("Signature expired") != std::string::npos ||
      text.find("Signature not yet current") != std::string::npos || error.code == "RequestTimeTooSkewed") {
    return "AWS refused the signature's time: " + text + "; set this machine's clock";
  }
  return "AWS refused the credentials: " + text + "; check the access key, its secret and the session token";
}

std::string message_of(const Error& error, const std::string& text, const std::string& reason) {
  switch (error.kind) {
    case ErrorKind::access_denied:
      return access_denied_message(text);
    case ErrorKind::credentials:
      return credentials_message(error, text);
    case ErrorKind::throttled:
      return "throttled by AWS: " + text + (reason.empty() ? "" : " (" + reason + ")");
    case ErrorKind::payload_too_large:
      return "the request is too large: " + text;
    default:
      return text;
  }
}

std::string without_text(const ErrorAnswer& answer) {
  std::string out = "the service answered HTTP " + std::to_string(answer.status);
  if (!answer.code.empty()) return out + ", " + answer.code + ", and gave no reason";
  if (answer.body.empty()) return out + " without a body";
  constexpr std::size_t shown = 200;
  auto beginning = answer.body.substr(0, shown);
  std::replace_if(
      beginning.begin(), beginning.end(), [](unsigned char c) { return c < 0x20; }, ' ');
  return out + " with a body that is not AWS's, which begins: " + beginning;
}

}  // namespace

Error error_of(ErrorAnswer answer) {
  Error error;
  error.http_status = answer.status;
  error.code = answer.code;
  error.request_id = std::move(answer.request_id);
  error.kind = kind_of(error, !error.code.empty() || !answer.text.empty());
  error.message = message_of(error, answer.text.empty() ? without_text(answer) : answer.text, answer.reason);
  error.detail = std::move(answer.body);
  error.reason = std::move(answer.reason);
  return error;
}

Error service_error(const http::Response& response) {
  const auto body = json::parse(response.body, nullptr, false);
  ErrorAnswer answer{response.status,
                     code_of(response, body),
                     first_text(body, {"message", "Message", "errorMessage"}),
                     first_text(body, {"Reason"}),
                     std::string(response.headers.get("x-amzn-requestid")),
                     response.body};
  if (answer.request_id.empty()) answer.request_id = response.headers.get("x-amz-request-id");
  return error_of(std::move(answer));
}

bool is_expired_token(const Error& error) {
  if (error.http_status < 400 || error.http_status >= 500) return false;
  return error.code == "ExpiredTokenException" || error.code == "ExpiredToken" ||
         error.detail.find("<Code>ExpiredToken") != std::string::npos ||
         error.detail.find("security token included in the request is expired") != std::string::npos;
}

}  // namespace lambdapool::aws
