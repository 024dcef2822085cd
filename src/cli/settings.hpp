// Judges what was asked for before anything is sent or installed. Each refusal is one sentence.
#pragma once

#include <string>
#include <vector>

#include "cli/options.hpp"
#include "core/error.hpp"

namespace lambdapool::cli {

Result<void> validate_name(const std::string& name);
Result<void> validate_layers(const std::vector<std::string>& layers);
Result<void> validate(const FunctionOptions& options);  // all of it, paths and requirements file included

}  // namespace lambdapool::cli
