// What can be asked of a project: which of its APIs are enabled, and what the caller may do there. Pairs of
// build and parse.
// Source: the discovery documents of serviceusage.googleapis.com, v1, and
// cloudresourcemanager.googleapis.com, v3.
#pragma once

#include <string>
#include <vector>

#include "core/error.hpp"
#include "http/message.hpp"

namespace lambdapool::gcp {

// `names`: "run.googleapis.com".
http::Request get_apis_request(const std::string& project, const std::vector<std::string>& names);

// Those of them that are not enabled.
Result<std::vector<std::string>> parse_disabled_apis(const http::Response& response);

// Where one is enabled, with a browser.
std::string activation_link(const std::string& project, const std::string& api);

http::Request test_project_permissions_request(const std::string& project,
                                               const std::vector<std::string>& permissions);
// `service`: its whole name.
http::Request test_service_permissions_request(const std::string& service,
                                               const std::vector<std::string>& permissions);

// Those of them that the caller has.
Result<std::vector<std::string>> parse_permissions(const http::Response& response);

}  // namespace lambdapool::gcp
