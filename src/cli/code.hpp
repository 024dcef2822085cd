// From the paths on the command line to the package that is uploaded: a Python package, or one executable.
#pragma once

#include <optional>
#include <string>

#include "cli/options.hpp"
#include "cli/verbs.hpp"
#include "core/error.hpp"
#include "package/package.hpp"
#include "package/python_package.hpp"

namespace lambdapool::cli {

// The path that is an executable for C++ functions; the others are packaged beside it.
std::optional<std::string> executable_of(const FunctionOptions& options);
bool is_executable_code(const FunctionOptions& options);

// What the function will run on, known before anything is copied.
struct Platform {
  std::string runtime;                     // "python3.11"; unused for an executable, which brings its own
  std::string architecture;                // "x86_64" or "arm64"; an executable has its own
  bool local = false;                      // the code must run on this very machine
  std::optional<std::string> bucket = {};  // for a package too large for a request
};

// Errors beside the package's own: invalid_argument for what does not go with an executable.
Result<void> validate_code(const FunctionOptions& options);

// The runtime for Python code: --runtime, else that of the Python that will call the function.
Result<std::string> python_runtime(const Context& context, const FunctionOptions& options);
std::string this_machines_architecture();

// What a package of the options' paths and requirements is made from; its progress is not told yet.
package::PythonPackageRequest python_request(const Context& context, const FunctionOptions& options,
                                             const Platform& platform);

enum class Verb { create, update };  // their transcripts differ a little
Result<package::Package> build_code(const Context& context, const FunctionOptions& options,
                                    const Platform& platform, Verb verb);

}  // namespace lambdapool::cli
