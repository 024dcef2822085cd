#pragma once

#include <string>

namespace lambdapool::local {

// A version 4 UUID from the kernel's random source. Identifies; never decides anything.
std::string random_uuid();

// 32 random bytes, for secrets.
std::string random_secret();

}  // namespace lambdapool::local
