#pragma once

#include <filesystem>

namespace lambdapool {

// A FIFO in a directory: who opens it waits for a writer, who may never come. A pipe that is open here
// already, as a shell's <(...) is under /dev/fd, is none.
bool is_named_fifo(const std::filesystem::path& path);

}  // namespace lambdapool
