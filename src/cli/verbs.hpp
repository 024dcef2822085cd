// What the verbs do. Each prints its transcript and returns what went wrong, to be told by the caller.
#pragma once

#include <filesystem>

#include "cli/interruption.hpp"
#include "cli/options.hpp"
#include "core/environment.hpp"
#include "core/error.hpp"

namespace lambdapool::cli {

// What every verb is given.
struct Context {
  const Environment& environment;
  const Interruption& interruption;
  const ConnectionOptions& connection;
  std::filesystem::path program;  // argv[0]
};

Result<void> create_function(const Context& context, const FunctionOptions& options);
Result<void> list_functions(const Context& context, const ListOptions& options);
Result<void> update_function(const Context& context, const FunctionOptions& options);
Result<void> delete_function(const Context& context, const DeleteOptions& options);
Result<void> show_logs(const Context& context, const LogsOptions& options);
Result<void> print_policy(const Context& context, const PolicyOptions& options);
Result<void> doctor(const Context& context, const DoctorOptions& options);
Result<void> publish_layer(const Context& context, const LayerOptions& options);
Result<void> list_layers(const Context& context, const LayerOptions& options);
Result<void> delete_layer(const Context& context, const LayerOptions& options);
Result<void> serve(const Context& context, const ServeOptions& options);

}  // namespace lambdapool::cli
