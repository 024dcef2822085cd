// Installs a requirements file into a directory for a Python and a platform that are not the host's.
#pragma once

#include <filesystem>
#include <string>

#include "core/error.hpp"
#include "package/python_package.hpp"
#include "package/zip.hpp"

namespace lambdapool::package {

// Runs uv, or pip where there is none, with `work` (empty, ours) as its place, and returns what was installed
// as entries, with everything gone that names the host or differs from run to run.
Result<std::vector<ZipEntry>> install_requirements(const PythonPackageRequest& request,
                                                   const std::filesystem::path& work);

}  // namespace lambdapool::package
