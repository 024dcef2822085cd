// A C++ function's package: the executable as `bootstrap`, with everything that it needs to start.
//
//   static, or static-pie:   bootstrap                 the executable itself
//   dynamic:                 bootstrap                 the launcher (launcher/launcher.c)
//                            bin/NAME                  the executable
//                            lib/                      its loader and libraries, the C library included
//
// What lies beside it goes to the top, which is the function's current directory and is searched by dlopen;
// what a library there needs goes to lib/.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/environment.hpp"
#include "core/error.hpp"
#include "package/copied_paths.hpp"
#include "package/elf_file.hpp"
#include "package/package.hpp"

namespace lambdapool::package {

struct ExecutablePackageRequest {
  std::filesystem::path executable;
  std::optional<ElfFile> elf = {};  // of the executable, for who has read it already
  std::vector<std::filesystem::path> beside =
      {};  // data, and libraries for dlopen: at the top, by their names
  std::vector<std::string> allowed_secrets = {};  // their names in the function (likely_secret.hpp)
  Environment environment = {};                   // LD_LIBRARY_PATH, where libraries are looked for
  Progress progress = {};                         // hears of each path
  GiveUp give_up = {};
};

// Whether the target can run the package's architecture is for the caller to decide.
// Errors: invalid_argument with the reason why it could not run as a function (not an executable, foreign
// architecture, no lambdapool inside, no build-id, a missing library), io.
Result<Package> build_executable_package(const ExecutablePackageRequest& request);

}  // namespace lambdapool::package
