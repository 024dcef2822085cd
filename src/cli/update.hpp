// The part of update that create has use for, to finish what an interrupted create began.
#pragma once

#include "cli/options.hpp"
#include "cli/session.hpp"
#include "core/error.hpp"

namespace lambdapool::cli {

// Makes the function, which exists and is ours, what the validated options ask for. Layers are ARNs.
Result<void> update_found(Session& session, FunctionOptions options);

}  // namespace lambdapool::cli
