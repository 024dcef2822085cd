// The user's own files and directories, as entries of a package: each under its own name at the root. What is
// not taken along (leftover.hpp) is named, and so is a link that leads elsewhere.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "package/progress.hpp"
#include "package/zip.hpp"

namespace lambdapool::package {

// Links are followed. `progress` hears of each path that is copied, and notes: "Following LINK ..." for
// each link that leads out of all the paths, and "Leaving out ..." for what is left. Errors: invalid_argument
// (a path that does not exist, two paths of the same name, a link that leads nowhere or round in circles),
// payload_too_large (more files than a zip takes), io (unreadable).
Result<std::vector<ZipEntry>> copy_paths(const std::vector<std::filesystem::path>& paths,
                                         const Progress& progress);

// The name that a path has in the function: "algorithms/" is algorithms, and "." the directory's real name.
Result<std::string> name_in_function(const std::filesystem::path& path);

// Everything below `dir` that `leave_out` doesn't reject, named by `prefix` and its path there.
Result<void> copy_directory(const std::filesystem::path& dir, const std::string& prefix,
                            const std::function<bool(const std::filesystem::path&)>& leave_out,
                            std::vector<ZipEntry>& entries);

}  // namespace lambdapool::package
