// The versions of a function that deploying on call makes on Cloud Run: revisions of its service, each of
// which has a tag, and by that an address of its own.
#pragma once

#include <chrono>
#include <string>

#include "core/error.hpp"
#include "deploy/session.hpp"
#include "gcp/run/service.hpp"

namespace lambdapool::deploy {

// The tag of the version that has what `digest` (in hexadecimal) is of.
std::string tag_of_version(const std::string& digest);

bool has_version(const gcp::run::Service& service, const std::string& tag);

// Gives the tag to the service's latest revision. Tags beyond the newest `kept` go where their revisions are
// older than a day. Error kind conflict: the service is not `service` any more.
Result<void> tag_version(Session& session, gcp::run::Service service, const std::string& tag, int kept,
                         std::chrono::system_clock::time_point now);

}  // namespace lambdapool::deploy
