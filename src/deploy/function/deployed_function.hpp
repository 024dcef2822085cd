// A function as it stands on the service: looked up, told apart from what lambdapool did not make, and
// waited for while the service is still changing it.
#pragma once

#include <optional>
#include <string>

#include "aws/lambda/lambda.hpp"
#include "core/error.hpp"
#include "deploy/function/marks.hpp"
#include "deploy/session.hpp"

namespace lambdapool::deploy {

// nullopt where there is no function of that name.
Result<std::optional<aws::FunctionDescription>> find_function(Session& session, const std::string& name);

bool is_damaged(const aws::FunctionDescription& function);
bool is_own(const aws::FunctionDescription& function);  // lambdapool made it

// The same for a verb that changes a function: errors not_found, and conflict for one that lambdapool did
// not make.
Result<aws::FunctionDescription> own_function(Session& session, const std::string& name);

// Whether somebody else has deleted it meanwhile; and the error that says so.
bool is_gone(Session& session, const std::string& name);
Error gone_meanwhile(const std::string& name);

// Waits as the SDKs' waiters FunctionActiveV2 and FunctionUpdatedV2 do: each second, at most five minutes.
// Returns once the service has finished what it was doing to the function, whatever came of it. Errors:
// timed_out; not_found; cancelled.
Result<aws::FunctionDescription> wait_until_idle(Session& session, const std::string& name);

// The same; error service with the service's own reason when what it was doing failed.
Result<aws::FunctionConfiguration> wait_until_settled(Session& session, const std::string& name);

// Whether a call that ended so may have changed the function all the same: there was no answer, none that can
// be read, or the service failed in the middle of it.
bool may_have_happened(const Error& error);

}  // namespace lambdapool::deploy
