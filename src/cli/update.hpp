// The part of update that create has use for, to finish what an interrupted create began.
#pragma once

#include "cli/options.hpp"
#include "cli/session.hpp"
#include "core/error.hpp"

namespace lambdapool::cli {

// Makes the function, which exists and is ours, what the validated options ask for. Layers are ARNs.
Result<void> update_found(Session& session, FunctionOptions options);

// Whether anything but a name is given that a function could be made or changed by.
bool asks_for_anything(const FunctionOptions& options);

}  // namespace lambdapool::cli
