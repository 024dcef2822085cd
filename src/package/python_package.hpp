// A Python function's package: the user's files, the requirements installed for the function's Python and
// platform, and the agent that runs tasks there.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/environment.hpp"
#include "core/error.hpp"
#include "package/copied_paths.hpp"
#include "package/package.hpp"

namespace lambdapool::package {

struct PythonPackageRequest {
  std::vector<std::filesystem::path> paths;
  std::vector<std::string> allowed_secrets = {};           // their names in the function (likely_secret.hpp)
  std::optional<std::filesystem::path> requirements = {};  // a requirements file, as pip reads it
  std::string python_version;                              // the function's: "3.11"
  std::string architecture = "x86_64";                     // the function's: "x86_64" or "arm64"
  std::filesystem::path python = {};                       // runs pip where there is no uv; {}: python3
  Environment environment = {};                            // for pip and uv: PATH, proxies, PIP_*, UV_*
  std::filesystem::path temp_dir = {};                     // {}: the system's
  Progress progress = {};
  GiveUp give_up = {};
};

// Errors: invalid_argument (paths, requirements, versions, likely secrets that are not named), io (files, pip
// or uv missing or failing; with what pip itself said).
Result<Package> build_python_package(const PythonPackageRequest& request);

// A layer for Python functions: the same without the agent, all of it under python/, where Lambda's Python
// looks for modules.
Result<Package> build_python_layer(const PythonPackageRequest& request);

}  // namespace lambdapool::package
