// What a look at a target has found, as `doctor` shows it.
#pragma once

#include <string>

#include "deploy/checkup/finding.hpp"

namespace lambdapool::cli {

std::string readable(const deploy::Findings& findings);
std::string json(const deploy::Findings& findings);

}  // namespace lambdapool::cli
