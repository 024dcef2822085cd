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

// With the name that may have been meant.
Error no_such_service(Session& session, const std::string& function);

// Errors: not_found; conflict: it was not made by lambdapool.
Result<gcp::run::Service> own_service(Session& session, const std::string& function);

}  // namespace lambdapool::deploy
