// A function's code and configuration, changed both or not at all.
//
// Lambda changes them in two calls, each of them atomic. The code goes first. Each step names the revision
// that it builds on, and after the first one the function is compared with what it was expected to be, so
// that somebody else's change in between is noticed instead of overwritten. If the configuration is then
// refused, the old code, fetched before, is put back. Killed in between, the function has new code with its
// old configuration; the same command again finds the code unchanged and goes on with the rest.
#pragma once

#include "aws/lambda/lambda.hpp"
#include "cli/code_upload.hpp"
#include "cli/options.hpp"
#include "cli/session.hpp"
#include "cli/update_plan.hpp"
#include "core/error.hpp"

namespace lambdapool::cli {

// `now`: the function as it was planned for. Error kind conflict: somebody else has changed it since.
Result<void> change_code_and_configuration(Session& session, const FunctionOptions& options, const Plan& plan,
                                           const CodeUpload& upload, const aws::FunctionDescription& now);

}  // namespace lambdapool::cli
