// From the paths that were given to the package that is uploaded: a Python package, or one executable.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "deploy/function/function_limits.hpp"
#include "deploy/request.hpp"
#include "deploy/session.hpp"
#include "package/elf_file.hpp"
#include "package/package.hpp"
#include "package/python_package.hpp"

namespace lambdapool::deploy {

// What kind of code the paths hold, looked at once.
struct Code {
  std::optional<std::string> executable =
      {};  // the path that is one for C++ functions; the others go beside it
  std::optional<package::ElfFile> elf = {};  // of the executable, where it could be read

  bool is_executable() const { return executable.has_value(); }
};
Code code_of(const std::vector<std::string>& paths);

// What the function will run on, known before anything is copied.
struct Platform {
  std::string runtime;                     // "python3.11"; unused for an executable, which brings its own
  std::string architecture;                // "x86_64" or "arm64"; an executable has its own
  bool local = false;                      // the code must run on this very machine
  std::optional<std::string> bucket = {};  // for a package too large for a request
  bool is_limited = true;                  // by what Lambda takes as a package
};

// Errors beside the package's own: invalid_argument for what does not go with an executable.
Result<void> validate_code(const FunctionRequest& request, const Code& code, const FunctionLimits& limits);
// A Python runtime, such as the one of the Python that calls. Error kind invalid_argument: there is none.
Result<void> check_runtime_of(const FunctionLimits& limits, const std::string& runtime);

// The runtime for Python code: the one that is asked for, else that of the Python that will call the
// function.
Result<std::string> python_runtime(const Connection& connection, const std::optional<std::string>& asked);
std::string this_machines_architecture();

// Of what build_code would build, known without building it (package/source_digest.hpp). An executable is its
// file and what lies beside it. Errors: those of paths and requirements.
Result<std::string> digest_of_code(const Connection& connection, const FunctionRequest& request,
                                   const Code& code);

// Builds the package, and tells how.
Result<package::Package> build_code(const Session& session, const FunctionRequest& request, const Code& code,
                                    const Platform& platform);
// The same of a layer for Python functions.
Result<package::Package> build_layer(const Session& session, const LayerRequest& request,
                                     const Platform& platform);

}  // namespace lambdapool::deploy
