// The user's own files and directories, as entries of a package: each under its own name at the root.
//
// What tools and editors leave behind never belongs into a function, so it is left out: bytecode and other
// caches, version control's folders, virtual environments, editors' backups and settings, node_modules.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "package/zip.hpp"

namespace lambdapool::package {

using Progress = std::function<void(const std::string& line)>;

// Links are followed. `progress` hears "Copying NAME..." for each path. Errors: invalid_argument (a path that
// does not exist, two paths of the same name, a link that leads nowhere or round in circles), io
// (unreadable).
Result<std::vector<ZipEntry>> copy_paths(const std::vector<std::filesystem::path>& paths,
                                         const Progress& progress);

bool is_bytecode(const std::filesystem::path& name);  // __pycache__, *.pyc, *.pyo
bool is_leftover(
    const std::filesystem::path& path);  // by its name, or for a virtual environment by its content

// Everything below `dir` that `leave_out` doesn't reject, named by `prefix` and its path there.
Result<void> copy_directory(const std::filesystem::path& dir, const std::string& prefix,
                            bool (*leave_out)(const std::filesystem::path&), std::vector<ZipEntry>& entries);

}  // namespace lambdapool::package
