// What a Python package would be made from, told by a digest: whether anything has changed since it was made
// can be known without installing or zipping anything.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "package/python_package.hpp"

namespace lambdapool::package {

// 64 hex digits, over the names and bytes of what build_python_package would copy, the requirements (with
// what they include), the function's Python and platform, and lambdapool's own version. What a requirement
// without a version resolves to on another day is not part of it. Errors: as build_python_package's for paths
// and requirements.
Result<std::string> source_digest(const PythonPackageRequest& request);

// Of files and directories as they are, for an executable and what lies beside it.
Result<std::string> source_digest(const std::vector<std::filesystem::path>& paths);

}  // namespace lambdapool::package
