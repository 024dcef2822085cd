// What is Python's own business runs as a module of the package lambdapool, in the Python that calls.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cli/verbs.hpp"

namespace lambdapool::cli {

// The command line up to the module's own arguments. Error kind invalid_argument: there is no Python, or it
// has no lambdapool.
Result<std::vector<std::string>> python_module(const Context& context, const std::string& module);

// The environment of a program that shall use the same place as this command line names.
std::map<std::string, std::string> environment_of(const Context& context);

}  // namespace lambdapool::cli
