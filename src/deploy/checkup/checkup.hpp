// The parts of a checkup: each looks at one side and adds what it finds. Calls only what changes nothing.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "aws/lambda/lambda.hpp"
#include "core/error.hpp"
#include "deploy/checkup/finding.hpp"
#include "deploy/functions.hpp"
#include "deploy/session.hpp"

namespace lambdapool::deploy {

// Region, endpoint, proxy, credentials, identity, clock. nullptr where no connection can be made.
Result<std::unique_ptr<Session>> check_aws(Connection& connection, const StopToken& stop, Findings& findings);
// Home, limits, interpreters; of both local targets.
Result<std::unique_ptr<Session>> check_local(Connection& connection, const StopToken& stop,
                                             Findings& findings);

// What may be called without naming a function.
Result<void> check_account(Session& session, Findings& findings);
// Existence, state, maker, runtime, concurrency, role; and what the caller may do with it.
Result<void> check_function(Session& session, const std::string& name, Findings& findings);
// Whether the role that the function runs as is still there.
Result<void> check_role(Session& session, const aws::FunctionConfiguration& function, Findings& findings);

// Between this machine's and that of an answer; `mend`: what is said where they differ much.
void check_clock(const http::Response& response, const char* mend, Findings& findings);
void check_proxy(const target::Target& target, Findings& findings);
// Whether the code was deployed by a lambdapool that this one understands.
void check_maker(const std::string& function, const std::string& version, Findings& findings);
// Its Python and the one here.
void check_runtime(const Connection& connection, const Function& function, Findings& findings);

// False where Lambda is at an address of the user's own and this service is AWS's, which may not know the
// keys.
bool is_beside(const Session& lambda, const std::string& service);

// The error as a finding. It ends the checkup where it is an interruption, or of the network: what else could
// be asked would fail likewise.
Result<void> add_refusal(const Error& error, Finding finding, Findings& findings);

}  // namespace lambdapool::deploy
