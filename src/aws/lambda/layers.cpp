#include "aws/lambda/layers.hpp"

#include <nlohmann/json.hpp>

#include "aws/json_answer.hpp"
#include "aws/lambda/paths.hpp"
#include "core/encoding.hpp"

namespace lambdapool::aws {

namespace {

using nlohmann::json;

std::string versions_path(const std::string& name) {
  return "/2018-10-31/layers/" + percent_encode(name) + "/versions";
}

LayerVersion version_of(const json& object) {
  LayerVersion out{{}, text(object, "LayerVersionArn"), number(object, "Version")};
  out.description = text(object, "Description");
  out.created = text(object, "CreatedDate");
  out.runtimes = text_list(member(object, "CompatibleRuntimes"));
  out.architectures = text_list(member(object, "CompatibleArchitectures"));
  return out;
}

Result<LayerPage> page_of(const http::Response& response, const char* list,
                          LayerVersion (*read)(const json&)) {
  const auto body = object_of(response);
  if (!body) return tl::unexpected(body.error());
  const auto& items = member(*body, list);
  if (!items.is_array()) return tl::unexpected(unreadable(response, std::string("no list of ") + list));
  LayerPage page;
  for (const auto& item : items) page.layers.push_back(read(item));
  page.next_marker = next_marker_of(*body);
  return page;
}

}  // namespace

// The zip goes around the JSON library: megabytes that need no escaping.
http::Request publish_layer_version_request(const PublishLayerVersion& call) {
  json body = json::object();
  if (!call.description.empty()) body["Description"] = call.description;
  if (!call.runtimes.empty()) body["CompatibleRuntimes"] = call.runtimes;
  if (!call.architectures.empty()) body["CompatibleArchitectures"] = call.architectures;
  http::Request request{"POST", versions_path(call.name), {{"Content-Type", "application/json"}}};
  if (call.content_in_s3)
    body["Content"] = {{"S3Bucket", call.content_in_s3->bucket}, {"S3Key", call.content_in_s3->key}};
  request.body = body.dump(-1, ' ', false, json::error_handler_t::replace);
  if (call.content_in_s3) return request;
  request.body.reserve(request.body.size() + call.zip.size() / 3 * 4 + 32);
  request.body.pop_back();
  if (request.body.size() > 1) request.body += ',';
  request.body += R"("Content":{"ZipFile":")";
  base64_append(request.body, call.zip);
  request.body += "\"}}";
  return request;
}

http::Request get_layer_version_request(const std::string& version_arn) {
  return {"GET", "/2018-10-31/layers?find=LayerVersion&Arn=" + percent_encode(version_arn)};
}

http::Request list_layers_request(const std::optional<std::string>& marker) {
  return {"GET", "/2018-10-31/layers" + page_query(marker)};
}

http::Request list_layer_versions_request(const std::string& name, const std::optional<std::string>& marker) {
  return {"GET", versions_path(name) + page_query(marker)};
}

http::Request delete_layer_version_request(const std::string& name, std::int64_t version) {
  return {"DELETE", versions_path(name) + "/" + std::to_string(version)};
}

Result<LayerVersion> parse_layer_version(const http::Response& response) {
  const auto body = object_of(response);
  if (!body) return tl::unexpected(body.error());
  auto version = version_of(*body);
  if (version.arn.empty()) return tl::unexpected(unreadable(response, "no LayerVersionArn"));
  return version;
}

Result<LayerContent> parse_layer_content(const http::Response& response) {
  const auto body = object_of(response);
  if (!body) return tl::unexpected(body.error());
  const auto& content = member(*body, "Content");
  LayerContent out{text(content, "Location"), text(content, "CodeSha256")};
  if (out.url.empty()) return tl::unexpected(unreadable(response, "no Content.Location"));
  return out;
}

Result<LayerPage> parse_list_layers(const http::Response& response) {
  return page_of(response, "Layers", [](const json& item) {
    auto version = version_of(member(item, "LatestMatchingVersion"));
    version.name = text(item, "LayerName");
    return version;
  });
}

Result<LayerPage> parse_list_layer_versions(const http::Response& response) {
  return page_of(response, "LayerVersions", version_of);
}

}  // namespace lambdapool::aws
