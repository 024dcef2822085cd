#include "gcp/run/services.hpp"

#include <nlohmann/json.hpp>

#include "core/encoding.hpp"
#include "gcp/google_error.hpp"

namespace lambdapool::gcp::run {
namespace {

using nlohmann::json;

const http::Headers json_headers{{"Content-Type", "application/json"}};

constexpr const char* update_mask = "labels,annotations,description,scaling,template";

std::string path_of(const std::string& name) { return "/v2/" + percent_encode(name, Slash::keep); }

std::string also(ValidateOnly validate) { return validate == ValidateOnly::yes ? "&validateOnly=true" : ""; }

}  // namespace

http::Request create_service_request(const Service& service, ValidateOnly validate) {
  const std::string parent = service.name.substr(0, service.name.rfind('/'));
  return {"POST", path_of(parent) + "?serviceId=" + percent_encode(service.id()) + also(validate),
          json_headers, service_body(service)};
}

http::Request update_service_request(const Service& service, ValidateOnly validate) {
  return {"PATCH", path_of(service.name) + "?updateMask=" + percent_encode(update_mask) + also(validate),
          json_headers, service_body(service)};
}

http::Request get_service_request(const std::string& name) { return {"GET", path_of(name)}; }

http::Request delete_service_request(const std::string& name) { return {"DELETE", path_of(name)}; }

http::Request list_services_request(const Place& place, const std::optional<std::string>& page_token) {
  return {"GET", path_of(place.parent()) + "/services" +
                     (page_token ? "?pageToken=" + percent_encode(*page_token) : "")};
}

http::Request wait_operation_request(const std::string& name, std::chrono::seconds timeout) {
  return {"POST", path_of(name) + ":wait", json_headers,
          json{{"timeout", std::to_string(timeout.count()) + "s"}}.dump()};
}

Result<Service> parse_get_service(const http::Response& response) {
  if (response.status >= 300) return tl::unexpected(google_error(response));
  return parse_service(response.body);
}

Result<ServicePage> parse_list_services(const http::Response& response) {
  if (response.status >= 300) return tl::unexpected(google_error(response));
  const json body = json::parse(response.body, nullptr, false);
  if (!body.is_object()) return fail(ErrorKind::protocol, "the answer is no list of Cloud Run services");
  ServicePage page;
  if (const auto services = body.find("services"); services != body.end() && services->is_array()) {
    for (const auto& each : *services) {
      auto service = parse_service(each.dump(-1, ' ', false, json::error_handler_t::replace));
      if (!service) return tl::unexpected(service.error());
      page.services.push_back(std::move(*service));
    }
  }
  const std::string token = body.value("nextPageToken", "");
  if (!token.empty()) page.next_page_token = token;
  return page;
}

Result<Operation> parse_operation(const http::Response& response) {
  if (response.status >= 300) return tl::unexpected(google_error(response));
  const json body = json::parse(response.body, nullptr, false);
  if (!body.is_object() || !body.contains("name") || !body.at("name").is_string())
    return fail(ErrorKind::protocol, "the answer is no long-running operation");
  Operation operation{body.at("name").get<std::string>()};
  const auto done = body.find("done");
  if (done == body.end() || !done->is_boolean() || !done->get<bool>()) return operation;
  if (const auto error = body.find("error"); error != body.end() && error->is_object())
    return tl::unexpected(operation_error(error->value("code", 2), error->value("message", "")));
  if (!body.contains("response")) return fail(ErrorKind::protocol, "the operation ended without a result");
  auto service = parse_service(body.at("response").dump(-1, ' ', false, json::error_handler_t::replace));
  if (!service) return tl::unexpected(service.error());
  operation.service = std::move(*service);
  return operation;
}

}  // namespace lambdapool::gcp::run
