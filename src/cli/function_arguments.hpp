// The arguments of create and update, which have nearly all of them in common.
#pragma once

#include <CLI/CLI.hpp>

#include "cli/options.hpp"

namespace lambdapool::cli {

void add_create_arguments(CLI::App& verb, FunctionOptions& function);
void add_update_arguments(CLI::App& verb, FunctionOptions& function);

}  // namespace lambdapool::cli
