// The checkup of the targets gcp and gcp-local.
#pragma once

#include <memory>
#include <string>

#include "core/error.hpp"
#include "deploy/checkup/finding.hpp"
#include "deploy/session.hpp"

namespace lambdapool::deploy {

// Project, region, endpoint, proxy, credentials, clock, APIs, permissions. nullptr where no connection can be
// made.
Result<std::unique_ptr<Session>> check_google(Connection& connection, const StopToken& stop,
                                              Findings& findings);
// The service, its revision, maker and runtime; and whether the caller may call it.
Result<void> check_service(Session& session, const std::string& function, Findings& findings);

}  // namespace lambdapool::deploy
