// Writes bytes to a file descriptor, however many calls it takes.
#pragma once

#include <string_view>

namespace lambdapool {

// False: not all of it could be written, and errno says why.
bool write_all(int fd, std::string_view bytes);

}  // namespace lambdapool
