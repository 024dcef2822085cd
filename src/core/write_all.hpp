// Writes bytes to a file descriptor or into a new file, however many calls it takes.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

namespace lambdapool {

// False: not all of it could be written, and errno says why.
bool write_all(int fd, std::string_view bytes);

// 0, or the errno of what went wrong (EEXIST: there is one of that name); then nothing of it is left.
int write_new_file(const std::string& path, std::string_view bytes, mode_t mode = 0600);

}  // namespace lambdapool
