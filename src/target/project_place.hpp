// Where a project's functions are, as its lambdapool.toml says: found upward from the current directory.
#pragma once

#include "core/environment.hpp"
#include "core/error.hpp"
#include "target/target.hpp"

namespace lambdapool::target {

// What is given counts more than a variable, and that more than `region` and `project` of the file. Of a file
// that cannot be read nothing is taken: who needs its functions is told. Errors: invalid_argument where
// others could have written it.
Result<void> take_from_project(TargetOptions& options, const Environment& environment);

}  // namespace lambdapool::target
