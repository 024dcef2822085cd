// A requirements file in all the forms that pip reads (its documentation's "Requirements File Format"), made
// into one that pip and uv understand alike: UTF-8, included files in their place, variables replaced, paths
// absolute, and nothing editable, which would only point at sources that a function does not have.
#pragma once

#include <filesystem>
#include <string>

#include "core/environment.hpp"
#include "core/error.hpp"

namespace lambdapool::package {

// Lines keep their numbers as long as nothing is included. Constraints are put into files in `work`. Errors:
// invalid_argument with the file and the line (a path that does not exist, a circle of files, an encoding
// that is neither Unicode nor Latin-1, a file of another kind), io (unreadable).
Result<std::string> plain_requirements(const std::filesystem::path& file, const Environment& environment,
                                       const std::filesystem::path& work);

}  // namespace lambdapool::package
