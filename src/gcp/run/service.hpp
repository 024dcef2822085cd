// A Cloud Run service as lambdapool makes it: source code in Cloud Storage with a base image, and no
// container.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"

namespace lambdapool::gcp::run {

// Where requests to a service go.
struct Traffic {
  std::string revision = {};  // its short name; "": the latest that is ready
  int percent = 0;
  std::string tag = {};  // has an address of its own; "": none
  std::string uri = {};  // of the tag; told by the service alone
};

struct Service {
  std::string name = {};  // "projects/P/locations/L/services/S"
  std::map<std::string, std::string> labels = {};
  std::map<std::string, std::string> annotations = {};
  std::string description = {};
  int instances_max = 100;
  std::vector<Traffic> traffic = {};  // as it was asked for; empty: all to the latest

  // Of its newest revision, or of the one that with_revision() has put in its place.
  std::map<std::string, std::string> revision_annotations = {};
  std::string service_account = {};  // "": the project's own for Compute Engine
  std::chrono::seconds timeout{300};
  int concurrency = 1;  // requests at a time in one instance
  std::string base_image = {};
  std::vector<std::string> command = {};
  std::vector<std::string> arguments = {};
  std::string bucket = {};  // where the code is
  std::string object = {};
  std::string generation = {};
  std::map<std::string, std::string> environment = {};
  int memory_mb = 512;
  std::string cpu = "1";
  // In JSON: what other tools have set (a VPC, secrets, volumes), which goes with every change as it is.
  std::string others = {};

  // Told by the service alone.
  std::string uri = {};
  std::string etag = {};
  std::string update_time = {};  // "2026-11-28T14:00:00Z"
  std::string latest_ready_revision = {};
  std::string latest_created_revision = {};
  std::string state = {};  // of its last change: "CONDITION_SUCCEEDED", "CONDITION_FAILED" or on its way
  std::string state_message = {};
  std::string on_its_way = {};  // what of its last change is so, in words; "": nothing, or it is not told
  std::vector<Traffic> traffic_in_force = {};

  std::string id() const { return name.substr(name.rfind('/') + 1); }
};

// The body of a request that creates or changes it.
std::string service_body(const Service& service);

// The body of a request that changes its labels and description alone.
std::string labels_body(const Service& service);

// The body of a request that changes its traffic alone.
std::string traffic_body(const Service& service);

// Error kind protocol: that is none.
Result<Service> parse_service(std::string_view json);

// The service with what one of its revisions has; `json`: the revision. Error kind protocol: that is none.
Result<Service> with_revision(Service service, std::string_view json);

// The short name of the revision that gets its requests, or most of them; "" where none does.
std::string serving_revision(const Service& service);

}  // namespace lambdapool::gcp::run
