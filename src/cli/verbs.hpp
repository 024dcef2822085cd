// What the verbs do. Each prints its transcript and returns what went wrong, to be told by the caller.
#pragma once

#include <filesystem>

#include "cli/options.hpp"
#include "cli/terminal/interruption.hpp"
#include "core/environment.hpp"
#include "core/error.hpp"
#include "deploy/connection.hpp"
#include "deploy/stop_token.hpp"

namespace lambdapool::cli {

// What every verb is given.
struct Context {
  const Environment& environment;
  const Interruption& interruption;
  const ConnectionOptions& options;
  std::filesystem::path program;  // argv[0]

  deploy::Connection connection() const;
  deploy::StopToken stop() const;  // wanted once a signal has come; this outlives it
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
Result<void> replay(const Context& context, const ReplayOptions& options);  // as run
Result<void> run(const Context& context, const RunOptions& options);        // does not return where it could
Result<void> serve(const Context& context, const ServeOptions& options);
Result<void> show_stats(const Context& context, const StatsOptions& options);
Result<void> tune(const Context& context, const TuneOptions& options);
Result<void> list_runs(const Context& context, const RunsOptions& options);
Result<void> show_run(const Context& context, const RunsOptions& options);
Result<void> delete_runs(const Context& context, const RunsOptions& options);
Result<void> watch(const Context& context, const WatchOptions& options);

}  // namespace lambdapool::cli
