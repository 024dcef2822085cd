// What the local target has not got: refused where the function would be another one without it, told where
// it only means something on AWS.
#pragma once

#include "core/error.hpp"
#include "deploy/request.hpp"
#include "deploy/session.hpp"

namespace lambdapool::deploy {

Result<void> check_on_local(const Session& session, const FunctionRequest& asked);

// What a bucket comes to there.
void tell_no_bucket(const Session& session);

}  // namespace lambdapool::deploy
