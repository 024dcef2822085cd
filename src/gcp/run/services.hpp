// The calls of Cloud Run's Admin API v2 that deploying needs, as pairs of build and parse.
// Source: the discovery document of run.googleapis.com, v2.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "gcp/run/service.hpp"
#include "http/message.hpp"

namespace lambdapool::gcp::run {

struct Place {
  std::string project;
  std::string location;

  std::string parent() const { return "projects/" + project + "/locations/" + location; }
  std::string service(const std::string& id) const { return parent() + "/services/" + id; }
};

// What lets an account call a service, which is private to those who have that role.
std::string command_to_let_call(const Place& place, const std::string& service);

enum class ValidateOnly { no, yes };

// `service.name` says which.
http::Request create_service_request(const Service& service, ValidateOnly validate = ValidateOnly::no);
// Changes all that service_body() has; with its etag, only where nobody else has changed it since.
http::Request update_service_request(const Service& service, ValidateOnly validate = ValidateOnly::no);
// Changes its labels and description alone; with its etag, likewise.
http::Request update_labels_request(const Service& service);
// Changes where its requests go; with its etag, likewise.
http::Request update_traffic_request(const Service& service);
http::Request get_service_request(const std::string& name);
// Code for the service, as a gzipped tar, into a bucket that is Cloud Run's business. `boundary` must not
// occur in it.
http::Request upload_source_request(const Place& place, const std::string& service,
                                    const std::string& archive, const std::string& boundary);
http::Request get_revision_request(const std::string& service, const std::string& revision);
http::Request delete_service_request(const std::string& name);
http::Request list_services_request(const Place& place, const std::optional<std::string>& page_token);

// Answers when the operation is done, or after that time.
http::Request wait_operation_request(const std::string& name, std::chrono::seconds timeout);

Result<Service> parse_get_service(const http::Response& response);

// The service with what its revision has.
Result<Service> parse_revision_of(Service service, const http::Response& response);

// When the revision was made.
Result<std::chrono::system_clock::time_point> parse_revision_time(const http::Response& response);

struct Source {
  std::string bucket;
  std::string object;
  std::string generation;
};
Result<Source> parse_upload_source(const http::Response& response);

struct ServicePage {
  std::vector<Service> services;
  std::optional<std::string> next_page_token;
};
Result<ServicePage> parse_list_services(const http::Response& response);

// What a change comes to. Its error is that of the Result.
struct Operation {
  std::string name = {};
  std::optional<Service> service = {};  // once it is done
  std::string on_its_way = {};          // as Service's, before
};
Result<Operation> parse_operation(const http::Response& response);

}  // namespace lambdapool::gcp::run
