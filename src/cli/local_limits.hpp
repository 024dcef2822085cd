// What the local target has not got: refused where the function would be another one without it, told where
// it only means something on AWS.
#pragma once

#include "cli/options.hpp"
#include "cli/session.hpp"
#include "core/error.hpp"

namespace lambdapool::cli {

Result<void> check_on_local(const Session& session, const FunctionOptions& options);

// What --bucket comes to there.
void say_no_bucket();

}  // namespace lambdapool::cli
