#include "local/run/run_policy.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "core/random.hpp"
#include "local/run/run_answer.hpp"

namespace lambdapool::local::run {

using nlohmann::json;

http::Response policy_of(const RunFiles& files, const std::string& name) {
  return json_answer(files.policy(name).value_or(dumped({{"etag", "ACAB"}})));
}

http::Response set_policy(const RunFiles& files, const std::string& name, const std::string& body) {
  const json asked = json::parse(body, nullptr, false);
  json wanted = asked.is_object() ? asked.value("policy", json()) : json();
  if (!wanted.is_object()) return refusal(400, "policy: required");
  const json now = json::parse(policy_of(files, name).body);
  const json etag = wanted.value("etag", json(""));
  const bool given = !etag.is_string() || !etag.get_ref<const std::string&>().empty();
  if (given && etag != now.at("etag"))
    return refusal(409, "There were concurrent policy changes. Please retry the whole read-modify-write.");
  wanted["etag"] = random_hex(8);
  if (auto kept = files.keep_policy(name, dumped(wanted)); !kept) return refusal(kept.error());
  return json_answer(dumped(wanted));
}

http::Response test_permissions(const std::string& body) {
  const json asked = json::parse(body, nullptr, false);
  if (!asked.is_object() || !asked.contains("permissions") || !asked.at("permissions").is_array())
    return refusal(400, "permissions: required");
  return json_answer(dumped({{"permissions", asked.at("permissions")}}));
}

}  // namespace lambdapool::local::run
