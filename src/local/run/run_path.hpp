// Which operation a request to local Cloud Run or Cloud Storage is, by its method and path.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.hpp"

namespace lambdapool::local::run {

enum class RunOperation {
  create_service,
  get_service,
  get_revision,
  list_services,
  update_service,
  delete_service,
  test_permissions,
  get_policy,
  set_policy,
  get_operation,
  wait_operation,
  list_buckets,
  get_bucket,
  create_bucket,
  update_bucket,
  delete_bucket,
  list_objects,
  get_object,
  upload_object,
  delete_object,
  xml_object,  // by the XML API, whatever the method
  upload_source,
  list_entries,
  call_service,
};

struct RunPath {
  RunOperation operation;
  std::string project = {};
  std::string location = {};
  std::string id = {};  // of a service or an operation
  std::string revision = {};
  std::string bucket = {};  // of Cloud Storage
  std::string object = {};
  std::string rest = {};  // of a call: path and query for the service
  std::map<std::string, std::string> query = {};

  std::string parent() const { return "projects/" + project + "/locations/" + location; }
  std::string service() const { return parent() + "/services/" + id; }
  std::string value(const std::string& name) const {
    const auto found = query.find(name);
    return found == query.end() ? "" : found->second;
  }
};

// "/BUCKET/OBJECT", by Cloud Storage's XML API: where it is signed for that, or has a bearer's token.
bool is_for_xml_storage(const http::Request& head);

// nullopt: none that is answered here.
std::optional<RunPath> parse_run_path(std::string_view method, std::string_view target);

}  // namespace lambdapool::local::run
