// The long-running operations that changes to Cloud Run's services are.
#pragma once

#include "core/error.hpp"
#include "deploy/session.hpp"
#include "gcp/run/services.hpp"

namespace lambdapool::deploy {

// `answer`: to a request that changes a service. Waits for what that comes to, and tells that it waits.
Result<gcp::run::Service> bring_to_end(Session& session, Result<Reply> answer);

}  // namespace lambdapool::deploy
