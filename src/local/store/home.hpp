// The directory that holds everything of the local Lambda: code that runs as its user, environment variables
// with their secrets, logs. It is its user's alone, whatever the umask and whoever made it.
#pragma once

#include <filesystem>
#include <system_error>

#include "core/error.hpp"

namespace lambdapool::local {

// Makes the home where it is not there yet. One that was there before is closed to others (0700, and what is
// directly in it); where others could have written into it, or could put another in its place, it is refused:
// what it holds may be theirs. Error kind: io.
Result<void> secure_home(const std::filesystem::path& home);

// Makes a directory and what is missing above it, each 0700; all of it or, where that fails, nothing.
std::error_code make_private_directories(const std::filesystem::path& directory);

}  // namespace lambdapool::local
