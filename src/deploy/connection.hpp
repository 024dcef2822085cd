// Where functions live and as whom they are asked for; looked up when it is first needed, and once: a
// one-time code is asked for once, and everything that is done over one connection shares a local service.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "core/environment.hpp"
#include "core/error.hpp"
#include "deploy/stop_token.hpp"
#include "target/target.hpp"

namespace lambdapool::deploy {

class Connection {
 public:
  // `program`: the Python beside it is a candidate for the one that calls functions (see
  // code/interpreter.hpp).
  Connection(target::TargetOptions options, Environment environment, std::filesystem::path program = {});

  // What `options` does not say, a project's lambdapool.toml may (target/project_place.hpp).
  static Connection in_project(target::TargetOptions options, Environment environment,
                               std::filesystem::path program = {});

  // The same with another home of the local Lambda.
  Connection at_home(const std::filesystem::path& home) const;

  // Errors: as target::resolve, and of the project's file; cancelled where a stop is wanted while credentials
  // are fetched.
  Result<target::Target> target(const StopToken& stop);

  // By its name: nothing is looked up.
  std::string target_name() const;
  bool is_local() const { return target_name() == "local"; }
  bool is_google() const { return target_name() == "gcp" || target_name() == "gcp-local"; }
  // Where local functions live. Error kind invalid_argument: see local::default_home.
  Result<std::filesystem::path> home() const;
  const target::TargetOptions& options() const { return options_; }
  const Environment& environment() const { return environment_; }
  const std::filesystem::path& program() const { return program_; }

 private:
  const target::TargetOptions options_;
  const Environment environment_;
  const std::filesystem::path program_;
  std::optional<target::Target> target_;
  Result<void> project_;
};

}  // namespace lambdapool::deploy
