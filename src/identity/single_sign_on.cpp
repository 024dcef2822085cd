#include "identity/single_sign_on.hpp"

#include "aws/credentials/sso.hpp"
#include "core/timestamp.hpp"
#include "identity/token_file.hpp"

namespace lambdapool::identity {

namespace {

namespace sso = aws::sso;

std::string sign_in(const aws::SingleSignOn& source) {
  return "; sign in with `aws sso login --profile " + source.profile + "`";
}

tl::unexpected<Error> refuse(const aws::SingleSignOn& source, const std::string& what) {
  return fail(ErrorKind::credentials, "the profile \"" + source.profile +
                                          "\" uses IAM Identity Center, and " + what + sign_in(source));
}

Result<sso::Token> cached_token(const aws::SingleSignOn& source) {
  const auto text = read_token_file(source.token_file, "the AWS CLI's cache");
  if (!text) return refuse(source, "there is no sign-in in " + source.token_file.string());
  auto token = sso::parse_token(*text);
  if (!token) return refuse(source, source.token_file.string() + " " + token.error().message);
  return token;
}

// The token stays good until its end whether or not it can be renewed, so a failure is no matter yet.
sso::Token renewed(const aws::SingleSignOn& source, sso::Token token, ServiceCall& call) {
  const auto now = call.now();
  const bool legacy = source.session.empty();
  if (legacy || token.expires_at - now >= advisory_window || !token.can_be_renewed(now)) return token;
  const auto answer = call.send("sso-oidc", source.region, sso::create_token_request(token), nullptr);
  if (!answer) return token;
  auto created = sso::parse_created_token(*answer, token, now);
  if (!created) return token;
  // Other programs share the sign-in; where it cannot be written (a read-only home), ours is good all the
  // same.
  (void)replace_token_file(source.token_file, sso::format_token(*created, source.start_url, source.region));
  return *std::move(created);
}

}  // namespace

Result<aws::Credentials> ask_single_sign_on(const aws::SingleSignOn& source, ServiceCall& call) {
  auto cached = cached_token(source);
  if (!cached) return tl::unexpected(std::move(cached.error()));
  const auto token = renewed(source, *std::move(cached), call);
  if (token.expires_at <= call.now())
    return refuse(source, "the sign-in has ended at " + format_timestamp(token.expires_at));
  const auto answer =
      call.send("sso", source.region,
                sso::get_role_credentials_request(source.role, source.account, token.access_token), nullptr);
  if (!answer) return tl::unexpected(answer.error());
  if (answer->status == 401) return refuse(source, "the sign-in is not accepted any more");
  auto credentials = sso::parse_role_credentials(*answer);
  if (credentials) return credentials;
  auto error = std::move(credentials.error());
  error.kind = ErrorKind::credentials;
  error.message = "IAM Identity Center gives the profile \"" + source.profile + "\" no keys for the role " +
                  source.role + " in the account " + source.account + ": " + error.message;
  return tl::unexpected(std::move(error));
}

}  // namespace lambdapool::identity
