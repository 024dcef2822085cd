// What nobody can guess, from the system's own source: for secrets, for names that no two programs may share,
// and for waits that spread out.
#pragma once

#include <cstddef>
#include <string>

namespace lambdapool {

std::string random_bytes(std::size_t count);  // at most 256
std::string random_hex(std::size_t bytes);    // two digits each; at most 256 bytes
double random_fraction();                     // in [0, 1)

}  // namespace lambdapool
