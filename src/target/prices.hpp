// What a target's cloud asks for calls.
#pragma once

#include <string>

#include "core/environment.hpp"
#include "core/error.hpp"
#include "report/prices.hpp"

namespace lambdapool::target {

// `target`: its name. Cloud Run's are those of the regions of Google's tier 1. Errors: as report::prices_of.
Result<report::Prices> prices_of(const std::string& target, const std::string& region,
                                 const std::string& architecture, const Environment& environment);

}  // namespace lambdapool::target
