// The targets on Google's Cloud Run: which project and location, and with which tokens.
#pragma once

#include "core/environment.hpp"
#include "core/error.hpp"
#include "target/target.hpp"

namespace lambdapool::target {

// Errors: credentials (where they were looked for), invalid_argument (no project or region, or none that
// there can be), cancelled.
Result<Target> resolve_gcp(const TargetOptions& options, const Environment& environment);

// A function's own tokens, for calls to the service at that address. Errors as above.
Result<std::shared_ptr<identity::Tokens>> tokens_for(const Google& google, const std::string& audience);

}  // namespace lambdapool::target
