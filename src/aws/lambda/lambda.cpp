#include "aws/lambda/lambda.hpp"

#include <nlohmann/json.hpp>

#include "aws/json_answer.hpp"
#include "aws/lambda/configuration.hpp"
#include "aws/lambda/paths.hpp"
#include "aws/service_error.hpp"
#include "core/encoding.hpp"

namespace lambdapool::aws {

namespace {

using Json = nlohmann::ordered_json;

std::string text_of(const Json& body) { return body.dump(-1, ' ', false, Json::error_handler_t::replace); }

http::Request json_request(std::string method, std::string target, std::string body) {
  return {std::move(method), std::move(target), {{"Content-Type", "application/json"}}, std::move(body)};
}

// Appends a last member. Zips are megabytes that need no escaping, so they go around the JSON library.
std::string with_zip(std::string object, std::string_view before, std::string_view zip,
                     std::string_view after) {
  object.reserve(object.size() + zip.size() / 3 * 4 + 32);
  object.pop_back();
  if (object.size() > 1) object += ',';
  object += before;
  base64_append(object, zip);
  object += after;
  return object;
}

Json json_of(const VpcConfig& vpc) {
  return {{"SubnetIds", vpc.subnets}, {"SecurityGroupIds", vpc.security_groups}};
}

}  // namespace

http::Request create_function_request(const CreateFunction& call) {
  Json body = {{"FunctionName", call.name},
               {"Runtime", call.runtime},
               {"Role", call.role},
               {"Handler", call.handler},
               {"MemorySize", call.memory_mb},
               {"Timeout", call.timeout_s},
               {"Architectures", Json::array({call.architecture})}};
  if (!call.description.empty()) body["Description"] = call.description;
  if (!call.layers.empty()) body["Layers"] = call.layers;
  if (!call.environment.empty()) body["Environment"]["Variables"] = call.environment;
  if (!call.tags.empty()) body["Tags"] = call.tags;
  if (call.ephemeral_mb) body["EphemeralStorage"]["Size"] = *call.ephemeral_mb;
  if (call.vpc) body["VpcConfig"] = json_of(*call.vpc);
  if (call.code_in_s3) {
    body["Code"] = {{"S3Bucket", call.code_in_s3->bucket}, {"S3Key", call.code_in_s3->key}};
    return json_request("POST", "/2015-03-31/functions", text_of(body));
  }
  return json_request("POST", "/2015-03-31/functions",
                      with_zip(text_of(body), "\"Code\":{\"ZipFile\":\"", call.zip, "\"}}"));
}

http::Request update_function_code_request(const UpdateFunctionCode& call) {
  Json body = Json::object();
  if (call.architecture) body["Architectures"] = Json::array({*call.architecture});
  if (call.revision_id) body["RevisionId"] = *call.revision_id;
  if (call.code_in_s3) {
    body["S3Bucket"] = call.code_in_s3->bucket;
    body["S3Key"] = call.code_in_s3->key;
    return json_request("PUT", function_path(call.name, "/code"), text_of(body));
  }
  return json_request("PUT", function_path(call.name, "/code"),
                      with_zip(text_of(body), "\"ZipFile\":\"", call.zip, "\"}"));
}

http::Request update_function_configuration_request(const UpdateFunctionConfiguration& call) {
  Json body = Json::object();
  if (call.memory_mb) body["MemorySize"] = *call.memory_mb;
  if (call.timeout_s) body["Timeout"] = *call.timeout_s;
  if (call.layers) body["Layers"] = *call.layers;
  if (call.runtime) body["Runtime"] = *call.runtime;
  if (call.handler) body["Handler"] = *call.handler;
  if (call.environment) body["Environment"]["Variables"] = *call.environment;
  if (call.role) body["Role"] = *call.role;
  if (call.description) body["Description"] = *call.description;
  if (call.ephemeral_mb) body["EphemeralStorage"]["Size"] = *call.ephemeral_mb;
  if (call.vpc) body["VpcConfig"] = json_of(*call.vpc);
  if (call.revision_id) body["RevisionId"] = *call.revision_id;
  return json_request("PUT", function_path(call.name, "/configuration"), text_of(body));
}

http::Request get_function_request(const std::string& name) { return {"GET", function_path(name)}; }

http::Request get_function_configuration_request(const std::string& name) {
  return {"GET", function_path(name, "/configuration")};
}

http::Request delete_function_request(const std::string& name) { return {"DELETE", function_path(name)}; }

http::Request list_functions_request(const std::optional<std::string>& marker) {
  return {"GET", "/2015-03-31/functions" + page_query(marker)};
}

http::Request tag_resource_request(const std::string& arn, const std::map<std::string, std::string>& tags) {
  return json_request("POST", "/2017-03-31/tags/" + percent_encode(arn), text_of({{"Tags", tags}}));
}

http::Request untag_resource_request(const std::string& arn, const std::vector<std::string>& keys) {
  std::string target = "/2017-03-31/tags/" + percent_encode(arn);
  for (const auto& key : keys)
    target.append(&key == keys.data() ? "?" : "&").append("tagKeys=" + percent_encode(key));
  return {"DELETE", std::move(target)};
}

http::Request put_function_concurrency_request(const std::string& name, int executions) {
  return json_request("PUT", "/2017-10-31/functions/" + percent_encode(name) + "/concurrency",
                      text_of({{"ReservedConcurrentExecutions", executions}}));
}

http::Request delete_function_concurrency_request(const std::string& name) {
  return {"DELETE", "/2017-10-31/functions/" + percent_encode(name) + "/concurrency"};
}

// No Content-Type: Lambda takes the payload for JSON whatever it says, and boto3 sends none either.

Result<FunctionConfiguration> parse_configuration(const http::Response& response) {
  const auto body = object_of(response);
  if (!body) return tl::unexpected(body.error());
  auto configuration = configuration_of(*body);
  if (configuration.name.empty()) return tl::unexpected(unreadable(response, "no FunctionName"));
  return configuration;
}

Result<FunctionDescription> parse_get_function(const http::Response& response) {
  const auto body = object_of(response);
  if (!body) return tl::unexpected(body.error());
  FunctionDescription out{configuration_of(member(*body, "Configuration")), texts(member(*body, "Tags"))};
  if (out.configuration.name.empty())
    return tl::unexpected(unreadable(response, "no Configuration.FunctionName"));
  out.code_url = text(member(*body, "Code"), "Location");
  const auto& reserved = member(member(*body, "Concurrency"), "ReservedConcurrentExecutions");
  if (reserved.is_number_integer()) out.reserved_concurrency = reserved.get<int>();
  return out;
}

Result<FunctionPage> parse_list_functions(const http::Response& response) {
  const auto body = object_of(response);
  if (!body) return tl::unexpected(body.error());
  const auto& functions = member(*body, "Functions");
  if (!functions.is_array()) return tl::unexpected(unreadable(response, "no list of Functions"));
  FunctionPage page;
  for (const auto& function : functions) page.functions.push_back(configuration_of(function));
  page.next_marker = next_marker_of(*body);
  return page;
}

Result<void> parse_no_content(const http::Response& response) {
  if (response.status < 200 || response.status >= 300) return tl::unexpected(service_error(response));
  return {};
}

}  // namespace lambdapool::aws
