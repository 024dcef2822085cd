#include "cli/command.hpp"

#include <utility>

#include "cli/arguments.hpp"

namespace lambdapool::cli {

void add_target(CLI::App& app, ConnectionOptions& connection, const std::string& group) {
  add_choice(
      app, "--target", {"aws", "local", "gcp", "gcp-local"},
      [&](const std::string& target) { connection.target = target; },
      "Sets where functions live: on AWS (the default), on Google's Cloud Run, or on this machine, as on "
      "either. Also: $LAMBDAPOOL_TARGET.");
  app.get_option("--target")->group(group);
}

void add_connection(CLI::App& app, ConnectionOptions& connection, const std::string& group) {
  add_target(app, connection, group);
  add_text(app, "--region", connection.region, "TEXT", "Sets the region of AWS or of Google Cloud");
  add_text(app, "--project", connection.project, "TEXT", "Sets the project of Google Cloud");
  add_text(app, "--profile", connection.profile, "TEXT",
           "Sets the profile of the AWS configuration files to be used");
  for (const char* name : {"--region", "--project", "--profile"}) app.get_option(name)->group(group);
}

CLI::App& add_verb(CLI::App& app, Parsed& parsed, const char* name, const char* description,
                   std::function<Result<void>(const Context&)> run) {
  CLI::App* verb = app.add_subcommand(name, description);
  verb->set_help_flag("-h,--help", "Show this message and exit.");
  verb->final_callback([&parsed, run = std::move(run)] { parsed.verb = run; });
  return *verb;
}

void add_name(CLI::App& verb, std::string& name) {
  add_function_name(verb, [&name](const std::string& given) { name = given; })->required();
}

}  // namespace lambdapool::cli
