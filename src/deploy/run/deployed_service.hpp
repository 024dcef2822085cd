// A function's Cloud Run service, as it is found.
#pragma once

#include <optional>
#include <string>

#include "core/error.hpp"
#include "deploy/session.hpp"
#include "gcp/run/services.hpp"

namespace lambdapool::deploy {

gcp::run::Place place_on(const Session& session);

// nullopt where there is no such service. Error kind conflict: it is another function's.
Result<std::optional<gcp::run::Service>> find_service(Session& session, const std::string& function);

// With the settings of the revision that gets its requests, or of the latest that has come up: one that did
// not come up is what was asked for and never served. The service's labels and description are its own.
Result<gcp::run::Service> as_it_serves(Session& session, gcp::run::Service service);
Result<gcp::run::Service> as_it_came_up(Session& session, gcp::run::Service service);

// With the name that may have been meant.
Error no_such_service(Session& session, const std::string& function);

// Errors: not_found; conflict: it was not made by lambdapool.
Result<gcp::run::Service> own_service(Session& session, const std::string& function);

}  // namespace lambdapool::deploy
