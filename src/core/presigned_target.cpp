#include "core/presigned_target.hpp"

#include <map>

#include "core/encoding.hpp"
#include "core/whole_number.hpp"

namespace lambdapool::sigv4 {

std::string presigned_target(Signer& signer, const Permission& permission,
                             std::chrono::system_clock::time_point now) {
  const auto date = format_amz_date(now);
  const auto& identity = signer.identity();
  const std::string credential = identity.access_key_id + "/" + date.substr(0, 8) + "/" +
                                 signer.scope().region + "/" + signer.scope().service + "/aws4_request";
  std::string target(permission.target);
  target.append(target.find('?') == std::string::npos ? "?" : "&").append("X-Amz-Algorithm=");
  target.append(algorithm).append("&X-Amz-Credential=").append(percent_encode(credential));
  target.append("&X-Amz-Date=").append(date);
  target.append("&X-Amz-Expires=").append(std::to_string(permission.expires.count()));
  if (!identity.session_token.empty())
    target.append("&X-Amz-Security-Token=").append(percent_encode(identity.session_token));
  target.append("&X-Amz-SignedHeaders=host");
  const auto header = signer.authorization(
      {permission.method, target, {{"host", permission.host}}, "UNSIGNED-PAYLOAD"}, date);
  return target.append("&X-Amz-Signature=").append(header.substr(header.rfind('=') + 1));
}

std::optional<QueryAuthorization> parse_query_authorization(std::string_view target) {
  const auto question = target.find('?');
  if (question == std::string_view::npos) return std::nullopt;
  std::map<std::string, std::string, std::less<>> found;
  std::string kept(target.substr(0, question));
  char separator = '?';
  for (std::size_t start = question + 1; start <= target.size();) {
    const auto end = std::min(target.find('&', start), target.size());
    const auto pair = target.substr(start, end - start);
    start = end + 1;
    const auto equals = std::min(pair.find('='), pair.size());
    const auto name = percent_decode(pair.substr(0, equals));
    if (name.starts_with("X-Amz-") && equals < pair.size())
      found.insert_or_assign(name, percent_decode(pair.substr(equals + 1)));
    if (name == "X-Amz-Signature") continue;
    kept.append(1, separator).append(pair);
    separator = '&';
  }
  for (const char* name : {"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires",
                           "X-Amz-SignedHeaders", "X-Amz-Signature"}) {
    if (!found.contains(name)) return std::nullopt;
  }
  const auto authorization = parse_authorization(
      found["X-Amz-Algorithm"] + " Credential=" + found["X-Amz-Credential"] +
      ", SignedHeaders=" + found["X-Amz-SignedHeaders"] + ", Signature=" + found["X-Amz-Signature"]);
  if (!authorization) return std::nullopt;
  const auto seconds = whole_number(found["X-Amz-Expires"]);
  if (!seconds || *seconds > static_cast<std::uint64_t>(presigned_life_max.count())) return std::nullopt;
  return QueryAuthorization{*authorization, found["X-Amz-Date"], found["X-Amz-Security-Token"],
                            std::chrono::seconds(*seconds), std::move(kept)};
}

}  // namespace lambdapool::sigv4
