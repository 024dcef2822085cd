#include <nlohmann/json.hpp>

#include "aws/lambda.hpp"
#include "core/encoding.hpp"
#include "core/limits.hpp"

namespace lambdapool::aws {

namespace {

using Json = nlohmann::ordered_json;

std::string function_path(const std::string& name, std::string_view rest = {}) {
  return "/2015-03-31/functions/" + percent_encode(name) + std::string(rest);
}

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
  return json_request("POST", "/2015-03-31/functions",
                      with_zip(text_of(body), "\"Code\":{\"ZipFile\":\"", call.zip, "\"}}"));
}

http::Request update_function_code_request(const UpdateFunctionCode& call) {
  Json body = Json::object();
  if (call.architecture) body["Architectures"] = Json::array({*call.architecture});
  if (call.revision_id) body["RevisionId"] = *call.revision_id;
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
  if (call.revision_id) body["RevisionId"] = *call.revision_id;
  return json_request("PUT", function_path(call.name, "/configuration"), text_of(body));
}

http::Request get_function_request(const std::string& name) { return {"GET", function_path(name)}; }

http::Request get_function_configuration_request(const std::string& name) {
  return {"GET", function_path(name, "/configuration")};
}

http::Request delete_function_request(const std::string& name) { return {"DELETE", function_path(name)}; }

http::Request list_functions_request(const std::optional<std::string>& marker) {
  std::string target = "/2015-03-31/functions?MaxItems=" + std::to_string(limits::list_page_max);
  if (marker) target += "&Marker=" + percent_encode(*marker);
  return {"GET", std::move(target)};
}

// No Content-Type: Lambda takes the payload for JSON whatever it says, and boto3 sends none either.
http::Request invoke_request(const std::string& name, std::string payload) {
  return {"POST", function_path(name, "/invocations"), {{"X-Amz-Log-Type", "Tail"}}, std::move(payload)};
}

}  // namespace lambdapool::aws
