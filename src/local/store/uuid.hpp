#pragma once

#include <string>

namespace lambdapool::local {

// A version 4 UUID from the kernel's random source. Identifies; never decides anything.
std::string random_uuid();

}  // namespace lambdapool::local
