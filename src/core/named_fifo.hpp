#pragma once

#include <filesystem>
#include <fstream>

namespace lambdapool {

// A FIFO in a directory: who opens it waits for a writer, who may never come. A pipe that is open here
// already, as a shell's <(...) is under /dev/fd, is none.
bool is_named_fifo(const std::filesystem::path& path);

// A file of the user's, as bytes. Not open where it cannot be read, or is a named FIFO.
std::ifstream open_to_read(const std::filesystem::path& path);

}  // namespace lambdapool
