// The one place that knows how each target's functions are called.
#pragma once

#include <memory>
#include <string>

#include "cloud/caller.hpp"
#include "core/error.hpp"
#include "target/target.hpp"

namespace lambdapool::target {

// Connects to nothing yet. Error kind invalid_argument: that cannot be a function there.
Result<std::unique_ptr<cloud::Caller>> open_caller(const Target& target, const std::string& function);

}  // namespace lambdapool::target
