#include "gcp/project/project.hpp"

#include <nlohmann/json.hpp>

#include "core/encoding.hpp"
#include "gcp/google_error.hpp"

namespace lambdapool::gcp {
namespace {

using nlohmann::json;

http::Request test_request(const std::string& path, const std::vector<std::string>& permissions) {
  return {"POST",
          path + ":testIamPermissions",
          {{"Content-Type", "application/json"}},
          json{{"permissions", permissions}}.dump()};
}

}  // namespace

http::Request get_apis_request(const std::string& project, const std::vector<std::string>& names) {
  const std::string parent = "projects/" + percent_encode(project);
  std::string target = "/v1/" + parent + "/services:batchGet";
  for (const auto& name : names)
    target += (&name == names.data() ? "?" : "&") + ("names=" + percent_encode(parent + "/services/" + name));
  return {"GET", target};
}

Result<std::vector<std::string>> parse_disabled_apis(const http::Response& response) {
  if (response.status >= 300) return tl::unexpected(google_error(response));
  const json body = json::parse(response.body, nullptr, false);
  if (!body.is_object() || !body.contains("services") || !body.at("services").is_array())
    return fail(ErrorKind::protocol, "the answer is no list of APIs");
  std::vector<std::string> disabled;
  for (const json& service : body.at("services")) {
    if (!service.is_object() || !service.contains("name") || !service.at("name").is_string()) continue;
    const json state = service.value("state", json());
    const auto name = service.at("name").get<std::string>();
    if (state != "ENABLED") disabled.push_back(name.substr(name.rfind('/') + 1));
  }
  return disabled;
}

std::string activation_link(const std::string& project, const std::string& api) {
  return "https://console.developers.google.com/apis/api/" + api + "/overview?project=" + project;
}

http::Request test_project_permissions_request(const std::string& project,
                                               const std::vector<std::string>& permissions) {
  return test_request("/v3/projects/" + percent_encode(project), permissions);
}

http::Request test_service_permissions_request(const std::string& service,
                                               const std::vector<std::string>& permissions) {
  return test_request("/v2/" + percent_encode(service, Slash::keep), permissions);
}

Result<std::vector<std::string>> parse_permissions(const http::Response& response) {
  if (response.status >= 300) return tl::unexpected(google_error(response));
  const json body = json::parse(response.body, nullptr, false);
  if (!body.is_object()) return fail(ErrorKind::protocol, "the answer is no list of permissions");
  std::vector<std::string> held;
  if (const auto found = body.find("permissions"); found != body.end() && found->is_array())
    for (const json& permission : *found)
      if (permission.is_string()) held.push_back(permission.get<std::string>());
  return held;
}

}  // namespace lambdapool::gcp
