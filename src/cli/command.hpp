// What parsing a command line fills in, and what the commands' arguments have in common.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "cli/options.hpp"
#include "cli/verbs.hpp"

namespace lambdapool::cli {

// Everything that parsing fills in, and the verb that it chose.
struct Parsed {
  ConnectionOptions connection = {};
  FunctionOptions function = {};
  ListOptions list = {};
  DeleteOptions del = {};
  DoctorOptions doctor = {};
  LogsOptions logs = {};
  PolicyOptions policy = {};
  LayerOptions layer = {};
  ReplayOptions replay = {};
  RunOptions run = {};
  RunsOptions runs = {};
  ServeOptions serve = {};
  StatsOptions stats = {};
  TuneOptions tune = {};
  WatchOptions watch = {};
  std::function<Result<void>(const Context&)> verb = {};
};

// "--target". In the help it stands in a group, or ("") nowhere.
void add_target(CLI::App& app, ConnectionOptions& connection, const std::string& group);
// The same options before and after the verb; the nearer one wins because it is parsed later.
void add_connection(CLI::App& app, ConnectionOptions& connection, const std::string& group = "Options");
// A command that runs `run`.
CLI::App& add_verb(CLI::App& app, Parsed& parsed, const char* name, const char* description,
                   std::function<Result<void>(const Context&)> run);
// FUNCTION_NAME, which has to be there.
void add_name(CLI::App& verb, std::string& name);

// Functions and layers: made, changed, removed, listed, run, served (deploying_commands.cpp).
void add_create(CLI::App& app, Parsed& parsed);
void add_delete(CLI::App& app, Parsed& parsed);
void add_layer(CLI::App& app, Parsed& parsed);
void add_list(CLI::App& app, Parsed& parsed);
void add_policy(CLI::App& app, Parsed& parsed);
void add_run(CLI::App& app, Parsed& parsed);
void add_serve(CLI::App& app, Parsed& parsed);
void add_update(CLI::App& app, Parsed& parsed);
void add_watch(CLI::App& app, Parsed& parsed);

// What has happened, what it took, and why (observing_commands.cpp).
void add_doctor(CLI::App& app, Parsed& parsed);
void add_logs(CLI::App& app, Parsed& parsed);
void add_replay(CLI::App& app, Parsed& parsed);
void add_runs(CLI::App& app, Parsed& parsed);
void add_stats(CLI::App& app, Parsed& parsed);
void add_tune(CLI::App& app, Parsed& parsed);

}  // namespace lambdapool::cli
