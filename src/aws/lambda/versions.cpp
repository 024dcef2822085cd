#include "aws/lambda/versions.hpp"

#include <nlohmann/json.hpp>

#include "aws/json_answer.hpp"
#include "aws/lambda/configuration.hpp"
#include "aws/lambda/paths.hpp"
#include "core/encoding.hpp"

namespace lambdapool::aws {
namespace {

Alias alias_of(const nlohmann::json& object) {
  Alias alias{text(object, "Name"), {text(object, "FunctionVersion")}};
  const auto& weights = member(member(object, "RoutingConfig"), "AdditionalVersionWeights");
  if (weights.is_object()) {
    for (const auto& [version, weight] : weights.items()) alias.versions.push_back(version);
  }
  return alias;
}

}  // namespace

http::Request publish_version_request(const PublishVersion& call) {
  nlohmann::ordered_json body = nlohmann::ordered_json::object();
  if (!call.code_sha256.empty()) body["CodeSha256"] = call.code_sha256;
  if (!call.description.empty()) body["Description"] = call.description;
  if (!call.revision_id.empty()) body["RevisionId"] = call.revision_id;
  return {"POST",
          function_path(call.name, "/versions"),
          {{"Content-Type", "application/json"}},
          body.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace)};
}

http::Request list_versions_request(const std::string& name, const std::optional<std::string>& marker) {
  return {"GET", function_path(name, "/versions") + page_query(marker)};
}

http::Request delete_version_request(const std::string& name, const std::string& version) {
  return {"DELETE", function_path(name, "?Qualifier=" + percent_encode(version))};
}

http::Request list_aliases_request(const std::string& name, const std::optional<std::string>& marker) {
  return {"GET", function_path(name, "/aliases") + page_query(marker)};
}

Result<VersionPage> parse_list_versions(const http::Response& response) {
  const auto body = object_of(response);
  if (!body) return tl::unexpected(body.error());
  const auto& list = member(*body, "Versions");
  if (!list.is_array()) return tl::unexpected(unreadable(response, "no list of Versions"));
  VersionPage page;
  for (const auto& version : list) page.versions.push_back(configuration_of(version));
  page.next_marker = next_marker_of(*body);
  return page;
}

Result<AliasPage> parse_list_aliases(const http::Response& response) {
  const auto body = object_of(response);
  if (!body) return tl::unexpected(body.error());
  const auto& list = member(*body, "Aliases");
  if (!list.is_array()) return tl::unexpected(unreadable(response, "no list of Aliases"));
  AliasPage page;
  for (const auto& alias : list) page.aliases.push_back(alias_of(alias));
  page.next_marker = next_marker_of(*body);
  return page;
}

}  // namespace lambdapool::aws
