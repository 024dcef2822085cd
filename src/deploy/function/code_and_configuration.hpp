// A function's code and configuration, changed both or not at all.
//
// Lambda changes them in two calls, each of them atomic. The code goes first. Each step names the revision
// that it builds on, and after the first one the function is compared with what it was expected to be, so
// that somebody else's change in between is noticed instead of overwritten. If the configuration is then
// refused, the old code, fetched before, is put back. Killed in between, the function has new code with its
// old configuration; the same command again finds the code unchanged and goes on with the rest.
#pragma once

#include "aws/lambda/lambda.hpp"
#include "core/error.hpp"
#include "deploy/code/code_upload.hpp"
#include "deploy/function/resolved_request.hpp"
#include "deploy/function/update_plan.hpp"
#include "deploy/session.hpp"

namespace lambdapool::deploy {

// `now`: the function as it was planned for. What it is then. Error kind conflict: somebody else has changed
// it since.
Result<aws::FunctionConfiguration> change_code_and_configuration(Session& session,
                                                                 const ResolvedRequest& request,
                                                                 const Plan& plan, const CodeUpload& upload,
                                                                 const aws::FunctionDescription& now);

}  // namespace lambdapool::deploy
