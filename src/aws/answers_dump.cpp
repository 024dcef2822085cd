// Reads answers as JSON lines {parser, status, headers, body} and prints what the parser made of each, so
// that tests/python/test_botocore_answers.py can compare that with what botocore's service models say.
#include <functional>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>

#include "aws/credentials/sts.hpp"
#include "aws/iam/iam.hpp"
#include "aws/lambda/invoke.hpp"
#include "aws/lambda/lambda.hpp"
#include "aws/lambda/layers.hpp"
#include "aws/lambda/versions.hpp"
#include "aws/logs/logs.hpp"
#include "aws/s3/s3.hpp"

namespace {

using namespace lambdapool;
using Json = nlohmann::json;

Json shown(const std::string& text) { return text; }

Json shown(const aws::FunctionConfiguration& it) {
  return {{"FunctionName", it.name},
          {"FunctionArn", it.arn},
          {"Runtime", it.runtime},
          {"Role", it.role},
          {"Handler", it.handler},
          {"Description", it.description},
          {"CodeSize", it.code_size},
          {"CodeSha256", it.code_sha256},
          {"MemorySize", it.memory_mb},
          {"Timeout", it.timeout_s},
          {"LastModified", it.last_modified},
          {"Version", it.version},
          {"RevisionId", it.revision_id},
          {"State", it.state},
          {"StateReason", it.state_reason},
          {"LastUpdateStatus", it.last_update_status},
          {"LastUpdateStatusReason", it.last_update_status_reason},
          {"EphemeralStorage", it.ephemeral_mb},
          {"LogGroup", it.log_group},
          {"Variables", it.environment}};
}

Json shown(const aws::FunctionDescription& it) {
  return {{"Configuration", shown(it.configuration)}, {"Tags", it.tags}};
}

Json shown(const aws::FunctionPage& it) {
  Json list = Json::array();
  for (const auto& function : it.functions) list.push_back(shown(function));
  return {{"Functions", list}, {"NextMarker", it.next_marker.value_or("")}};
}

Json shown(const aws::VersionPage& it) {
  Json list = Json::array();
  for (const auto& version : it.versions) list.push_back(shown(version));
  return {{"Versions", list}, {"NextMarker", it.next_marker.value_or("")}};
}

Json shown(const aws::AliasPage& it) {
  Json list = Json::array();
  for (const auto& alias : it.aliases) list.push_back({{"Name", alias.name}, {"Versions", alias.versions}});
  return {{"Aliases", list}, {"NextMarker", it.next_marker.value_or("")}};
}

Json shown(const aws::Invoked& it) { return {{"Payload", it.payload}, {"LogResult", it.log_tail_base64}}; }

Json shown(const aws::LayerVersion& it) {
  return {{"LayerVersionArn", it.arn},
          {"Version", it.version},
          {"Description", it.description},
          {"CreatedDate", it.created}};
}

Json shown(const aws::LayerContent& it) {
  return {{"Content", {{"Location", it.url}, {"CodeSha256", it.sha256}}}};
}

Json shown(const aws::LayerPage& it) {
  Json list = Json::array();
  for (const auto& layer : it.layers) list.push_back(shown(layer));
  return {{"Layers", list}, {"NextMarker", it.next_marker.value_or("")}};
}

Json shown(const aws::iam::Role& it) { return {{"RoleName", it.name}, {"Arn", it.arn}, {"Path", it.path}}; }

Json shown(const aws::iam::PolicyPage& it) {
  return {{"Policies", it.policies}, {"Marker", it.next_marker.value_or("")}};
}

Json shown(const aws::logs::LogPage& it) {
  Json list = Json::array();
  for (const auto& event : it.events)
    list.push_back({{"eventId", event.id},
                    {"logStreamName", event.stream},
                    {"timestamp", event.time_ms},
                    {"message", event.message}});
  return {{"events", list}, {"nextToken", it.next_token.value_or("")}};
}

Json shown(const aws::sts::CallerIdentity& it) {
  return {{"Account", it.account}, {"Arn", it.arn}, {"UserId", it.user_id}};
}

Json shown(const aws::Credentials& it) {
  Json out = {{"AccessKeyId", it.identity.access_key_id},
              {"SecretAccessKey", it.identity.secret_access_key},
              {"SessionToken", it.identity.session_token}};
  if (it.expires) out["Expiration"] = std::chrono::system_clock::to_time_t(*it.expires);
  return out;
}

template <class T>
Json outcome(const Result<T>& result) {
  if (!result)
    return {{"ok", false},
            {"kind", to_string(result.error().kind)},
            {"code", result.error().code},
            {"message", result.error().message}};
  if constexpr (std::is_void_v<T>)
    return {{"ok", true}};
  else
    return {{"ok", true}, {"value", shown(*result)}};
}

using Parser = std::function<Json(const http::Response&)>;

template <class T>
Parser reading(Result<T> (*parse)(const http::Response&)) {
  return [parse](const http::Response& response) { return outcome(parse(response)); };
}

const std::map<std::string, Parser> parsers = {
    {"lambda.parse_configuration", reading(&aws::parse_configuration)},
    {"lambda.parse_get_function", reading(&aws::parse_get_function)},
    {"lambda.parse_list_functions", reading(&aws::parse_list_functions)},
    {"lambda.parse_no_content", reading(&aws::parse_no_content)},
    {"invoke.parse_invoke", [](const http::Response& it) { return outcome(aws::parse_invoke(it)); }},
    {"layers.parse_layer_version", reading(&aws::parse_layer_version)},
    {"layers.parse_layer_content", reading(&aws::parse_layer_content)},
    {"versions.parse_list_versions", reading(&aws::parse_list_versions)},
    {"versions.parse_list_aliases", reading(&aws::parse_list_aliases)},
    {"layers.parse_list_layers", reading(&aws::parse_list_layers)},
    {"layers.parse_list_layer_versions", reading(&aws::parse_list_layer_versions)},
    {"logs.parse_filter_log_events", reading(&aws::logs::parse_filter_log_events)},
    {"iam.parse_role", reading(&aws::iam::parse_role)},
    {"iam.parse_attached_policies", reading(&aws::iam::parse_attached_policies)},
    {"iam.parse_policy_names", reading(&aws::iam::parse_policy_names)},
    {"iam.parse_role_policy", reading(&aws::iam::parse_role_policy)},
    {"iam.parse_done", reading(&aws::iam::parse_done)},
    {"s3.parse_upload_id", reading(&aws::s3::parse_upload_id)},
    {"s3.parse_etag", reading(&aws::s3::parse_etag)},
    {"s3.parse_completed", reading(&aws::s3::parse_completed)},
    {"s3.parse_done", reading(&aws::s3::parse_done)},
    {"sts.parse_assumed_role", reading(&aws::sts::parse_assumed_role)},
    {"sts.parse_caller_identity", reading(&aws::sts::parse_caller_identity)},
};

}  // namespace

int main(int argc, char**) {
  if (argc > 1) {  // any argument: which parsers there are
    for (const auto& [name, parser] : parsers) std::cout << name << '\n';
    return 0;
  }
  for (std::string line; std::getline(std::cin, line);) {
    const auto asked = Json::parse(line);
    http::Response response{asked.at("status"), {}, asked.at("body")};
    for (const auto& [name, value] : asked.at("headers").items()) response.headers.add(name, value);
    std::cout << parsers.at(asked.at("parser"))(response).dump() << '\n';
  }
  return 0;
}
