// What pip or uv put into a directory, as entries of a package, without what names the host or the day:
// bytecode, scripts that start with the host's interpreter, notes of who installed what from where.
#pragma once

#include <filesystem>
#include <vector>

#include "core/error.hpp"
#include "package/zip.hpp"

namespace lambdapool::package {

Result<std::vector<ZipEntry>> installed_files(const std::filesystem::path& dir);

// Whether all is there that the projects' RECORDs list, for installers leave out in silence what their layout
// has no place for. Error: invalid_argument, with the project and the file.
Result<void> check_whole(const std::filesystem::path& dir);

// Names of the installed projects that were compiled on this machine, for this machine.
std::vector<std::string> compiled_here(const std::filesystem::path& dir,
                                       const std::vector<std::string>& built);

}  // namespace lambdapool::package
