// What nobody can guess: for secrets, and for names that no two programs may share.
#pragma once

#include <cstddef>
#include <string>

namespace lambdapool {

std::string random_hex(std::size_t bytes);  // two digits each, from the system's own source; at most 256

}  // namespace lambdapool
