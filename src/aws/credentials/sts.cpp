#include "aws/credentials/sts.hpp"

#include "aws/xml_answer.hpp"
#include "core/encoding.hpp"
#include "core/timestamp.hpp"

namespace lambdapool::aws::sts {

namespace {

class Form {
 public:
  explicit Form(const char* action) : body_(std::string("Action=") + action + "&Version=2011-06-15") {}
  Form& add(const char* name, const std::string& value) {
    if (!value.empty()) body_.append("&").append(name).append("=").append(percent_encode(value));
    return *this;
  }
  http::Request request() const {
    http::Request out{"POST", "/", {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}}};
    out.body = body_;
    return out;
  }

 private:
  std::string body_;
};

// Errors reach users and their logs; what there was of keys in the answer must not.
Error without_secrets(Error error) {
  error.detail.clear();
  return error;
}

}  // namespace

http::Request assume_role_request(const RoleSession& session) {
  return Form("AssumeRole")
      .add("RoleArn", session.role_arn)
      .add("RoleSessionName", session.name)
      .add("DurationSeconds", session.duration_seconds ? std::to_string(*session.duration_seconds) : "")
      .add("ExternalId", session.external_id)
      .add("SerialNumber", session.mfa_serial)
      .add("TokenCode", session.mfa_code)
      .request();
}

http::Request assume_role_with_web_identity_request(const RoleSession& session, const std::string& token) {
  return Form("AssumeRoleWithWebIdentity")
      .add("RoleArn", session.role_arn)
      .add("RoleSessionName", session.name)
      .add("WebIdentityToken", token)
      .request();
}

http::Request get_caller_identity_request() { return Form("GetCallerIdentity").request(); }

Result<Credentials> parse_assumed_role(const http::Response& response) {
  if (!xml::is_success(response)) return tl::unexpected(xml::refused(response));
  const auto keys = xml::element(response.body, "Credentials").value_or(std::string_view());
  Credentials out;
  out.identity = {xml::text_of(keys, "AccessKeyId"), xml::text_of(keys, "SecretAccessKey"),
                  xml::text_of(keys, "SessionToken")};
  out.expires = parse_timestamp(xml::text_of(keys, "Expiration"));
  if (out.identity.access_key_id.empty() || out.identity.secret_access_key.empty() || !out.expires)
    return tl::unexpected(without_secrets(xml::unreadable(response, "role's Credentials", "STS")));
  return out;
}

Result<CallerIdentity> parse_caller_identity(const http::Response& response) {
  if (!xml::is_success(response)) return tl::unexpected(xml::refused(response));
  CallerIdentity out{xml::text_of(response.body, "Account"), xml::text_of(response.body, "Arn"),
                     xml::text_of(response.body, "UserId")};
  if (out.arn.empty()) return tl::unexpected(xml::unreadable(response, "caller's Arn", "STS"));
  return out;
}

}  // namespace lambdapool::aws::sts
