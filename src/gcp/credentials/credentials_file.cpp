#include "gcp/credentials/credentials_file.hpp"

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

namespace lambdapool::gcp {
namespace {

using nlohmann::json;

constexpr const char* aws_token_type = "urn:ietf:params:aws:token-type:aws4_request";
constexpr const char* usual_domain = "googleapis.com";
constexpr const char* usual_sts = "https://sts.googleapis.com/v1/token";
constexpr const char* workforce = "//iam.googleapis.com/locations/";

// Reads members, and keeps the first complaint.
class Reader {
 public:
  Reader(const json& object, std::string where) : object_(object), where_(std::move(where)) {}

  std::string text(const char* name, std::string usual = {}) {
    const auto found = object_.find(name);
    if (found == object_.end() || found->is_null()) return usual;
    if (!found->is_string()) complain(std::string("its ") + name + " is no text");
    return found->is_string() ? found->get<std::string>() : usual;
  }
  std::string needed(const char* name) {
    auto value = text(name);
    if (value.empty()) complain(std::string("it has no ") + name);
    return value;
  }
  std::vector<std::string> texts(const char* name) {
    std::vector<std::string> values;
    const auto found = object_.find(name);
    if (found == object_.end() || found->is_null()) return values;
    for (const auto& each : found->is_array() ? *found : json::array({*found}))
      if (each.is_string()) values.push_back(each.get<std::string>());
    return values;
  }
  const json& object(const char* name) const {
    static const json none = json::object();
    const auto found = object_.find(name);
    return found != object_.end() && found->is_object() ? *found : none;
  }
  int number(const char* name, int usual) {
    const auto found = object_.find(name);
    if (found == object_.end() || found->is_null()) return usual;
    if (!found->is_number_integer()) complain(std::string("its ") + name + " is no whole number");
    return found->is_number_integer() ? found->get<int>() : usual;
  }
  void complain(const std::string& what) {
    if (!complaint_) complaint_ = where_ + " cannot be used: " + what;
  }
  const std::optional<std::string>& complaint() const { return complaint_; }
  const std::string& where() const { return where_; }

 private:
  const json& object_;
  std::string where_;
  std::optional<std::string> complaint_;
};

ServiceAccountKey key_in(Reader& file) {
  return {file.needed("client_email"), file.text("private_key_id"), file.needed("private_key"),
          file.needed("token_uri")};
}

SignedInUser user_in(Reader& file) {
  return {file.needed("client_id"), file.needed("client_secret"), file.needed("refresh_token")};
}

FederatedUser federated_user_in(Reader& file) {
  return {file.needed("client_id"), file.needed("client_secret"), file.needed("refresh_token"),
          file.text("token_url", usual_sts)};
}

TokenFormat format_in(Reader& account, const json& source) {
  const auto format = source.find("format");
  if (format == source.end() || !format->is_object()) return {};
  Reader reader(*format, account.where());
  const std::string type = reader.text("type", "text");
  if (type == "text") return {};
  TokenFormat made{reader.text("subject_token_field_name")};
  if (type != "json") account.complain("the format of its token is '" + type + "', not text or json");
  if (made.field.empty()) account.complain("the format of its token has no subject_token_field_name");
  return made;
}

TokenOfProgram program_in(Reader& account, const json& executable) {
  constexpr int least = 5'000;
  constexpr int most = 120'000;
  constexpr int usual = 30'000;
  Reader reader(executable, account.where());
  const int time = reader.number("timeout_millis", usual);
  TokenOfProgram program{reader.text("command"), std::chrono::milliseconds(time == 0 ? usual : time),
                         reader.text("output_file")};
  if (program.command.empty()) account.complain("its executable has no command");
  if (time != 0 && (time < least || time > most))
    account.complain("the timeout_millis of its executable is not from 5000 to 120000");
  return program;
}

void read_source(Reader& account, const json& source, ExternalAccount& made) {
  Reader reader(source, account.where());
  if (made.subject_token_type == aws_token_type) {
    const std::string environment = reader.text("environment_id");
    if (environment != "aws1")
      account.complain("its environment_id is '" + environment + "', and lambdapool knows aws1");
    made.source =
        TokenOfAws{reader.text("region_url"), reader.text("url"), reader.text("imdsv2_session_token_url"),
                   reader.text("regional_cred_verification_url",
                               "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version="
                               "2011-06-15")};
  } else if (source.contains("executable")) {
    made.source = program_in(account, reader.object("executable"));
  } else if (source.contains("certificate")) {
    account.complain("its credential_source is an X.509 certificate, which lambdapool does not present");
  } else if (source.contains("file") && source.contains("url")) {
    account.complain("its credential_source has both a file and a url");
  } else if (source.contains("file")) {
    made.source = TokenInFile{reader.needed("file"), format_in(account, source)};
  } else if (source.contains("url")) {
    TokenAtUrl at{reader.needed("url"), {}, format_in(account, source)};
    const json& headers = reader.object("headers");
    for (const auto& [name, value] : headers.items())
      if (value.is_string()) at.headers[name] = value.get<std::string>();
    made.source = std::move(at);
  } else {
    account.complain("its credential_source names no file, url, executable or environment_id");
  }
}

ExternalAccount external_account_in(Reader& file) {
  ExternalAccount made;
  made.audience = file.needed("audience");
  made.subject_token_type = file.needed("subject_token_type");
  made.token_url = file.text("token_url", usual_sts);
  made.impersonation_url = file.text("service_account_impersonation_url");
  made.client_id = file.text("client_id");
  made.client_secret = file.text("client_secret");
  made.user_project = file.text("workforce_pool_user_project");
  Reader impersonation(file.object("service_account_impersonation"), file.where());
  made.lifetime_seconds = impersonation.number("token_lifetime_seconds", made.lifetime_seconds);
  if (!made.user_project.empty() && !made.audience.starts_with(workforce))
    file.complain("workforce_pool_user_project is for workforce pools alone");
  if (!made.impersonation_url.empty() && made.impersonated_email().empty())
    file.complain("its service_account_impersonation_url names no account");
  read_source(file, file.object("credential_source"), made);
  return made;
}

Result<CredentialsFile> parse(const json& object, const std::string& where);

Result<ImpersonatedAccount> impersonated_account_in(Reader& file) {
  ImpersonatedAccount made{account_in_url(file.needed("service_account_impersonation_url")),
                           file.texts("delegates"), file.texts("scopes")};
  if (made.email.empty()) file.complain("its service_account_impersonation_url names no account");
  auto as_whom = parse(file.object("source_credentials"), "source_credentials of " + file.where());
  if (!as_whom) return tl::unexpected(as_whom.error());
  if (std::holds_alternative<ExternalAccount>(as_whom->kind) ||
      std::holds_alternative<ImpersonatedAccount>(as_whom->kind))
    return fail(ErrorKind::credentials, file.where() + " cannot be used: its source_credentials are " +
                                            as_whom->what() + ", from which nobody is impersonated");
  made.as_whom = std::make_shared<const CredentialsFile>(std::move(*as_whom));
  return made;
}

Result<CredentialsFile> parse(const json& object, const std::string& where) {
  Reader file(object, where);
  const std::string type = file.text("type");
  CredentialsFile made{{}, file.text("project_id"), file.text("quota_project_id")};
  if (type == "service_account") {
    made.kind = key_in(file);
    made.quota_project.clear();  // Google's libraries read none of a key
  } else if (type == "authorized_user") {
    made.kind = user_in(file);
  } else if (type == "external_account_authorized_user") {
    made.kind = federated_user_in(file);
  } else if (type == "external_account") {
    made.kind = external_account_in(file);
  } else if (type == "impersonated_service_account") {
    auto account = impersonated_account_in(file);
    if (!account) return tl::unexpected(account.error());
    made.kind = std::move(*account);
  } else if (type == "gdch_service_account") {
    file.complain("it is for Google Distributed Cloud, which has no Cloud Run functions");
  } else {
    file.complain(type.empty() ? "it has no type" : "its type '" + type + "' is not known");
  }
  if (const auto domain = file.text("universe_domain", usual_domain); domain != usual_domain)
    file.complain("its universe_domain is " + domain + ", and lambdapool knows " + usual_domain + " alone");
  if (file.complaint()) return fail(ErrorKind::credentials, *file.complaint());
  return made;
}

}  // namespace

std::string account_in_url(const std::string& url) {
  const auto begin = url.rfind('/');
  const auto end = url.find(":generateAccessToken");
  if (begin == std::string::npos || end == std::string::npos || begin > end) return "";
  return url.substr(begin + 1, end - begin - 1);
}

std::string ExternalAccount::impersonated_email() const { return account_in_url(impersonation_url); }

std::string CredentialsFile::what() const {
  static const char* const names[] = {"a service account's key", "a user's sign-in",
                                      "a workforce user's sign-in", "an external account",
                                      "an impersonated service account"};
  return names[kind.index()];
}

Result<CredentialsFile> parse_credentials_file(std::string_view text, const std::string& where) {
  const json object = json::parse(text, nullptr, false);
  if (!object.is_object())
    return fail(ErrorKind::credentials, where + " cannot be used: it is no JSON object");
  return parse(object, where);
}

}  // namespace lambdapool::gcp
