// Where the requests to a local Cloud Run service go: to one of its revisions, and those to a tag's address
// to the tag's. `service` is a Service as the API has it.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>

#include "core/error.hpp"

namespace lambdapool::local::run {

// `revisions`: those that came up, by name. Error kind invalid_argument: what is asked for is not here, or
// cannot be.
Result<void> check_traffic(const nlohmann::json& service, const nlohmann::json& revisions);

// The name of the revision that gets requests to the service, or to a tag; "" where none does.
std::string target_revision(const nlohmann::json& service, const std::string& tag);
std::set<std::string> target_revisions(const nlohmann::json& service);  // of all targets

// Of those that came up, the latest and what traffic names stay.
void forget_revisions(const nlohmann::json& service, nlohmann::json& revisions);

// As the API shows them; `uri`: the service's.
nlohmann::json traffic_statuses(const nlohmann::json& service, const std::string& uri);

}  // namespace lambdapool::local::run
