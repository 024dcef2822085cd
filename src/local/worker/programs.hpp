// Where programs of this machine are looked for.
#pragma once

#include <filesystem>
#include <vector>

#include "core/environment.hpp"

namespace lambdapool::local {

bool is_file(const std::filesystem::path& path);     // a regular one, or a link to one
bool is_program(const std::filesystem::path& path);  // a file that this user may run

// The directories of PATH, of which some may be relative, or the usual ones where it is not set.
std::vector<std::filesystem::path> search_path(const Environment& environment);

}  // namespace lambdapool::local
