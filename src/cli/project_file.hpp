// lambdapool.toml: a project's functions with their paths and options, found upward from the current
// directory.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/options.hpp"
#include "core/environment.hpp"
#include "core/error.hpp"
#include "deploy/functions.hpp"

namespace lambdapool::cli {

struct ProjectFile {
  std::filesystem::path path;
  std::vector<FunctionOptions> functions;  // in the order of their names; paths are relative to the file

  const FunctionOptions* find(const std::string& name) const;
};

// nullopt where neither `from` nor a directory above has one. Errors: invalid_argument with FILE:LINE, or
// where others could have written it (core/trusted_file.hpp).
Result<std::optional<ProjectFile>> find_project_file(const std::filesystem::path& from,
                                                     const Environment& environment,
                                                     const deploy::FunctionLimits& limits);
Result<ProjectFile> read_project_file(const std::filesystem::path& path,
                                      const deploy::FunctionLimits& limits);

// What create and update have to do: what the command line says, or what the project file says where the
// command line names nothing or a function alone. Errors: invalid_argument where neither says enough.
enum class Beside { nothing, options };  // whether options were given beside the name
Result<std::vector<FunctionOptions>> asked_functions(const FunctionOptions& given, Beside beside,
                                                     const Environment& environment,
                                                     const deploy::FunctionLimits& limits);

// All of them, or the first error, before anything is done.
Result<std::vector<deploy::JudgedRequest>> judge_each(
    const deploy::Connection& connection, const std::vector<FunctionOptions>& functions,
    Result<deploy::JudgedRequest> (*judge)(const deploy::Connection&, deploy::FunctionRequest,
                                           const deploy::StopToken&),
    const deploy::StopToken& stop);

// Does it to each until one fails. Where there are several, the error names the one and those not tried.
Result<void> each_in_turn(const std::vector<deploy::JudgedRequest>& functions,
                          const std::function<Result<void>(const deploy::JudgedRequest&)>& action);

}  // namespace lambdapool::cli
