#include <cstdlib>
#include <map>

#include "aws/credentials/config_file.hpp"
#include "aws/credentials/credentials.hpp"
#include "aws/credentials/sts.hpp"
#include "aws/endpoint.hpp"
#include "core/clock_skew.hpp"
#include "deploy/checkup/checkup.hpp"
#include "http/proxy.hpp"

namespace lambdapool::deploy {
namespace {

using Level = Finding::Level;
using Clock = std::chrono::system_clock;

std::string region_source(const Connection& connection) {
  if (connection.options().aws.region) return "--region";
  for (const char* variable : {"AWS_REGION", "AWS_DEFAULT_REGION"})
    if (connection.environment().get(variable)) return variable;
  const auto profile = aws::load_profile(connection.options().aws.profile, connection.environment());
  if (profile && !profile->merged.get("region").empty()) return "the profile " + profile->name;
  return "the instance's metadata";
}

// Empty where the address is AWS's own.
std::string endpoint_source(const Connection& connection, const std::string& service, const std::string& url,
                            const std::string& region) {
  const std::map<std::string, std::string> ignoring = {{"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"}};
  const Environment plain(ignoring);
  const auto own = aws::resolve_endpoint_url({}, plain, service, region);
  if (own && *own == url) return "";
  std::string variable = "AWS_ENDPOINT_URL_";
  for (const char c : service) variable += static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  for (const std::string& name : {variable, std::string("AWS_ENDPOINT_URL")})
    if (connection.environment().get(name)) return name;
  return "the configuration files, or FIPS or dual-stack";
}

void check_endpoint(const Connection& connection, const std::string& region, Findings& findings) {
  findings.push_back({Level::ok, "region", region + " (from " + region_source(connection) + ")"});
  const auto url =
      aws::resolve_endpoint_url(connection.options().aws, connection.environment(), "lambda", region);
  if (!url) return;  // told when the connection is made
  const auto source = endpoint_source(connection, "lambda", *url, region);
  findings.push_back({Level::ok, "endpoint", *url + (source.empty() ? "" : " (from " + source + ")")});
}

void check_credentials(const target::Target& target, Findings& findings) {
  const auto credentials = target.provider->current();
  // Half a key id says which one it is to who has it.
  const std::string& key = credentials->identity.access_key_id;
  findings.push_back({Level::ok, "credentials",
                      credentials->source + ", access key ending in " +
                          key.substr(key.size() > 4 ? key.size() - 4 : 0) +
                          (credentials->identity.session_token.empty() ? "" : ", temporary")});
}

std::optional<Clock::time_point> date_of(const http::Response& response) {
  return clock_skew::parse_http_date(response.headers.get("Date"));
}

Result<void> check_identity(Session& lambda, Findings& findings) {
  auto sts = Session::open_beside(lambda, "sts");
  if (!sts) return add_refusal(sts.error(), {Level::problem, "identity", ""}, findings);
  const auto answer = (*sts)->send(aws::sts::get_caller_identity_request(), Repeatable::yes);
  if (!answer)
    return add_refusal(answer.error(),
                       {Level::problem, "identity", "",
                        "see whether this machine reaches " + (*sts)->target().endpoint.url()},
                       findings);
  check_clock(*answer,
              "set this machine's clock: from five minutes on AWS refuses what is signed by it, and each "
              "program's first call has to be sent twice",
              findings);
  const auto who = aws::sts::parse_caller_identity(*answer);
  if (!who) return add_refusal(who.error(), {Level::problem, "identity", ""}, findings);
  findings.push_back({Level::ok, "identity", who->arn + " (account " + who->account + ")"});
  return {};
}

}  // namespace

void check_proxy(const target::Target& target, Findings& findings) {
  const auto proxy = target.proxies.choose(target.endpoint);
  if (!proxy)
    findings.push_back({Level::problem, "proxy", proxy.error().message});
  else if (*proxy)
    findings.push_back({Level::ok, "proxy", (*proxy)->endpoint.url() + " (from " + (*proxy)->variable + ")"});
  else
    findings.push_back({Level::ok, "proxy", "none"});
}

void check_clock(const http::Response& response, const char* mend, Findings& findings) {
  using std::chrono::seconds;
  const auto date = date_of(response);
  if (!date)
    return findings.push_back({Level::note, "clock", "the service's answer has no date to compare with"});
  const auto ahead = std::chrono::duration_cast<seconds>(Clock::now() - *date).count();
  const std::string text = std::abs(ahead) <= 2 ? "as the service's"
                                                : std::to_string(std::abs(ahead)) + " seconds " +
                                                      (ahead > 0 ? "ahead of" : "behind") + " the service's";
  if (std::abs(ahead) <= 30) return findings.push_back({Level::ok, "clock", text});
  findings.push_back({Level::note, "clock", text, mend});
}

Result<void> add_refusal(const Error& error, Finding finding, Findings& findings) {
  if (error.kind == ErrorKind::cancelled) return tl::unexpected(error);
  finding.text += (finding.text.empty() ? "" : ": ") + error.message;
  findings.push_back(std::move(finding));
  if (error.kind == ErrorKind::network) return tl::unexpected(error);
  return {};
}

bool is_beside(const Session& lambda, const std::string& service) {
  const Connection& connection = lambda.connection();
  const target::Target& target = lambda.target();
  if (endpoint_source(connection, "lambda", target.endpoint.url(), target.region).empty()) return true;
  const auto url =
      aws::resolve_endpoint_url(connection.options().aws, connection.environment(), service, target.region);
  return !url || !endpoint_source(connection, service, *url, target.region).empty();
}

Result<std::unique_ptr<Session>> check_aws(Connection& connection, const StopToken& stop,
                                           Findings& findings) {
  const auto known = aws::resolve_region(connection.options().aws, connection.environment());
  if (known) check_endpoint(connection, *known, findings);
  auto session = Session::open(connection, {}, stop);
  if (!session) {
    const char* topic = session.error().kind == ErrorKind::credentials ? "credentials" : "settings";
    if (auto go_on = add_refusal(session.error(), {Level::problem, topic, ""}, findings); !go_on)
      return tl::unexpected(go_on.error());
    return std::unique_ptr<Session>();
  }
  if (!known) check_endpoint(connection, (*session)->target().region, findings);
  check_proxy((*session)->target(), findings);
  check_credentials((*session)->target(), findings);
  if (!is_beside(**session, "sts")) {
    findings.push_back(
        {Level::note, "identity",
         "not asked for: Lambda is at an address of your own, and these keys may be no AWS account's"});
    return session;
  }
  const auto asked = check_identity(**session, findings);
  // Lambda may be reached where STS is not: a VPC endpoint is for one service.
  if (!asked && asked.error().kind != ErrorKind::network) return tl::unexpected(asked.error());
  return session;
}

}  // namespace lambdapool::deploy
