// This process turns into another program, with its output, its signals and its exit code.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/error.hpp"

namespace lambdapool::cli {

// `arguments`: with the program's name first. Returns only what went wrong.
tl::unexpected<Error> become(const std::string& program, const std::vector<std::string>& arguments,
                             const std::map<std::string, std::string>& environment);

}  // namespace lambdapool::cli
