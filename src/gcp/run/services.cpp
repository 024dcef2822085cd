#include "gcp/run/services.hpp"

#include <nlohmann/json.hpp>

#include "core/encoding.hpp"
#include "core/timestamp.hpp"
#include "gcp/google_error.hpp"

namespace lambdapool::gcp::run {
namespace {

using nlohmann::json;

const http::Headers json_headers{{"Content-Type", "application/json"}};

constexpr const char* update_mask = "labels,annotations,description,scaling,template";

std::string path_of(const std::string& name) { return "/v2/" + percent_encode(name, Slash::keep); }

std::string dumped(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

std::string also(ValidateOnly validate) { return validate == ValidateOnly::yes ? "&validateOnly=true" : ""; }

}  // namespace

std::string command_to_let_call(const Place& place, const std::string& service) {
  return "`gcloud run services add-iam-policy-binding " + service + " --project " + place.project +
         " --region " + place.location + " --role roles/run.invoker --member serviceAccount:ACCOUNT`";
}

http::Request create_service_request(const Service& service, ValidateOnly validate) {
  const std::string parent = service.name.substr(0, service.name.rfind('/'));
  return {"POST", path_of(parent) + "?serviceId=" + percent_encode(service.id()) + also(validate),
          json_headers, service_body(service)};
}

http::Request update_service_request(const Service& service, ValidateOnly validate) {
  return {"PATCH", path_of(service.name) + "?updateMask=" + percent_encode(update_mask) + also(validate),
          json_headers, service_body(service)};
}

http::Request update_labels_request(const Service& service) {
  return {"PATCH", path_of(service.name) + "?updateMask=labels%2Cdescription", json_headers,
          labels_body(service)};
}

http::Request update_traffic_request(const Service& service) {
  return {"PATCH", path_of(service.name) + "?updateMask=traffic", json_headers, traffic_body(service)};
}

http::Request upload_source_request(const Place& place, const std::string& service,
                                    const std::string& archive, const std::string& boundary) {
  std::string body = "--" + boundary + "\r\nContent-Type: application/json\r\n\r\n" +
                     json{{"service", service}}.dump() + "\r\n--" + boundary +
                     "\r\nContent-Type: application/octet-stream\r\n\r\n";
  const std::string end = "\r\n--" + boundary + "--\r\n";
  body.reserve(body.size() + archive.size() + end.size());
  body.append(archive).append(end);
  return {"POST",
          "/upload" + path_of(place.parent()) + ":uploadSource?uploadType=multipart",
          {{"Content-Type", "multipart/related; boundary=" + boundary}},
          std::move(body)};
}

http::Request get_revision_request(const std::string& service, const std::string& revision) {
  return {"GET", path_of(service + "/revisions/" + revision)};
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

Result<Service> parse_revision_of(Service service, const http::Response& response) {
  if (response.status >= 300) return tl::unexpected(google_error(response));
  return with_revision(std::move(service), response.body);
}

Result<std::chrono::system_clock::time_point> parse_revision_time(const http::Response& response) {
  if (response.status >= 300) return tl::unexpected(google_error(response));
  const json body = json::parse(response.body, nullptr, false);
  const auto found = body.is_object() ? body.find("createTime") : body.end();
  const auto time =
      found != body.end() && found->is_string() ? parse_timestamp(found->get<std::string>()) : std::nullopt;
  if (!time) return fail(ErrorKind::protocol, "the answer is no Cloud Run revision");
  return *time;
}

Result<Source> parse_upload_source(const http::Response& response) {
  if (response.status >= 300) return tl::unexpected(google_error(response));
  const json body = json::parse(response.body, nullptr, false);
  const json source = body.is_object() ? body.value("cloudStorageSource", json()) : json();
  if (!source.is_object()) return fail(ErrorKind::protocol, "the answer to an upload names no object");
  const auto text = [&](const char* name) {
    const json value = source.value(name, json());
    return value.is_string() ? value.get<std::string>() : "";
  };
  Source found{text("bucket"), text("object"), text("generation")};
  if (found.bucket.empty() || found.object.empty() || found.generation.empty())
    return fail(ErrorKind::protocol, "the answer to an upload names no object");
  return found;
}

Result<ServicePage> parse_list_services(const http::Response& response) {
  if (response.status >= 300) return tl::unexpected(google_error(response));
  const json body = json::parse(response.body, nullptr, false);
  if (!body.is_object()) return fail(ErrorKind::protocol, "the answer is no list of Cloud Run services");
  ServicePage page;
  if (const auto services = body.find("services"); services != body.end() && services->is_array()) {
    for (const auto& each : *services) {
      auto service = parse_service(dumped(each));
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
  if (done == body.end() || !done->is_boolean() || !done->get<bool>()) {
    // Its metadata is the service on its way.
    if (const auto metadata = body.find("metadata"); metadata != body.end())
      if (const auto service = parse_service(dumped(*metadata))) operation.on_its_way = service->on_its_way;
    return operation;
  }
  if (const auto error = body.find("error"); error != body.end() && error->is_object())
    return tl::unexpected(operation_error(error->value("code", 2), error->value("message", "")));
  if (!body.contains("response")) return fail(ErrorKind::protocol, "the operation ended without a result");
  auto service = parse_service(dumped(body.at("response")));
  if (!service) return tl::unexpected(service.error());
  operation.service = std::move(*service);
  return operation;
}

}  // namespace lambdapool::gcp::run
