#include "cli/command_line.hpp"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <iostream>
#include <map>

#include "cli/arguments.hpp"
#include "cli/function_arguments.hpp"
#include "cli/terminal/help_formatter.hpp"
#include "cli/usage.hpp"
#include "cli/verbs.hpp"

namespace lambdapool::cli {
namespace {

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
  WatchOptions watch = {};
  std::function<Result<void>(const Context&)> verb = {};
};

void add_target(CLI::App& app, ConnectionOptions& connection, const std::string& group) {
  add_choice(
      app, "--target", {"aws", "local", "gcp", "gcp-local"},
      [&](const std::string& target) { connection.target = target; },
      "Sets where functions live: on AWS (the default), on Google's Cloud Run, or on this machine, as on "
      "either. Also: $LAMBDAPOOL_TARGET.");
  app.get_option("--target")->group(group);
}

// The same options before and after the verb; the nearer one wins because it is parsed later.
void add_connection(CLI::App& app, ConnectionOptions& connection, const std::string& group = "Options") {
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

void add_create(CLI::App& app, Parsed& parsed) {
  CLI::App& verb = add_verb(app, parsed, "create", "Create a new function", [&](const Context& context) {
    return create_function(context, parsed.function);
  });
  add_create_arguments(verb, parsed.function);
  add_connection(verb, parsed.connection);
}

void add_list(CLI::App& app, Parsed& parsed) {
  CLI::App& verb = add_verb(app, parsed, "list", "List all deployed functions",
                            [&](const Context& context) { return list_functions(context, parsed.list); });
  verb.add_flag("--layers", parsed.list.layers, "Show the layers that each function uses");
  add_choice(
      verb, "--output", {"table", "json"},
      [&](const std::string& form) { parsed.list.json = form == "json"; },
      "Sets the form of the list (the default is a table)");
  add_connection(verb, parsed.connection);
}

void add_update(CLI::App& app, Parsed& parsed) {
  CLI::App& verb =
      add_verb(app, parsed, "update", "Update an existing function",
               [&](const Context& context) { return update_function(context, parsed.function); });
  add_update_arguments(verb, parsed.function);
  add_connection(verb, parsed.connection);
}

void add_delete(CLI::App& app, Parsed& parsed) {
  CLI::App& verb = add_verb(app, parsed, "delete", "Delete a function",
                            [&](const Context& context) { return delete_function(context, parsed.del); });
  add_name(verb, parsed.del.name);
  verb.add_flag("--dry-run", parsed.del.dry_run, "Say what would be done and do nothing");
  add_connection(verb, parsed.connection);
}

void add_logs(CLI::App& app, Parsed& parsed) {
  CLI::App& verb = add_verb(app, parsed, "logs", "Show what a function has logged",
                            [&](const Context& context) { return show_logs(context, parsed.logs); });
  add_name(verb, parsed.logs.name);
  verb.add_flag("-f,--follow", parsed.logs.follow, "Go on with new lines until Ctrl-C");
  add_text(verb, "--since", parsed.logs.since, "TIME",
           "Sets how far to look back (90s, 15m, 1h, 2d; the default is 1h) or from when "
           "(2026-11-22T19:00:00Z)");
  add_text(verb, "--filter", parsed.logs.filter, "TEXT", "Shows only lines that have this text in them");
  add_text(verb, "--request-id", parsed.logs.request_id, "ID", "Shows only the lines of this invocation");
  add_choice(
      verb, "--output", {"text", "json"}, [&](const std::string& form) { parsed.logs.json = form == "json"; },
      "Sets the form of the lines (the default is text)");
  add_connection(verb, parsed.connection);
}

void add_doctor(CLI::App& app, Parsed& parsed) {
  CLI::App& verb = add_verb(app, parsed, "doctor", "Say what works, what does not, and how to mend it",
                            [&](const Context& context) { return doctor(context, parsed.doctor); });
  add_function_name(verb, [&](const std::string& name) { parsed.doctor.name = name; });
  add_choice(
      verb, "--output", {"text", "json"},
      [&](const std::string& form) { parsed.doctor.json = form == "json"; },
      "Sets the form of the findings (the default is text)");
  add_connection(verb, parsed.connection);
}

void add_policy(CLI::App& app, Parsed& parsed) {
  CLI::App& verb =
      add_verb(app, parsed, "policy", "Print the IAM policy that suffices to invoke, deploy or read logs",
               [&](const Context& context) { return print_policy(context, parsed.policy); });
  const auto set = [&](const std::string& action) {
    using Action = PolicyOptions::Action;
    static const std::map<std::string, Action> actions = {
        {"invoke", Action::invoke}, {"deploy", Action::deploy}, {"logs", Action::logs}};
    const auto known = actions.find(action);
    if (known == actions.end())
      throw CLI::ValidationError("Invalid value for 'ACTION': '" + action +
                                 "' is not one of 'invoke', 'deploy', 'logs'");
    parsed.policy.action = known->second;
  };
  verb.add_option_function<std::string>("ACTION", set)->required();
  add_name(verb, parsed.policy.name);
  add_text(verb, "--account", parsed.policy.account, "ID",
           "Sets the account that the policy names (the default is any)");
  add_text(
      verb, "--role", parsed.policy.role, "ARN",
      "deploy: Names the role that the function runs as. Without it, that of 'create' is made and removed.");
  add_text(verb, "--bucket", parsed.policy.bucket, "TEXT",
           "deploy, invoke: Names the S3 bucket that large packages, or large data, go through");
  verb.add_flag("--layers", parsed.policy.layers, "deploy: The function uses layers");
  add_connection(verb, parsed.connection);
}

void add_layer_publish(CLI::App& layer, Parsed& parsed) {
  CLI::App& verb = add_verb(layer, parsed, "publish", "Publish a layer, or a new version of one",
                            [&](const Context& context) { return publish_layer(context, parsed.layer); });
  verb.add_option("LAYER_NAME", parsed.layer.name)->required();
  verb.add_option("PATHS", parsed.layer.paths);
  add_text(verb, "-r,--requirements", parsed.layer.requirements, "PATH",
           "Specifies the dependencies to be installed into the layer");
  add_text(verb, "--runtime", parsed.layer.runtime, "TEXT",
           "Sets the runtime that the layer is for, such as python3.13 (the default is that of the Python "
           "that calls)");
  add_choice(
      verb, "--architecture", {"x86_64", "arm64"},
      [&](const std::string& architecture) { parsed.layer.architecture = architecture; },
      "Sets the instruction set that the layer is for");
  add_text(verb, "--description", parsed.layer.description, "TEXT", "Describes this version");
  add_text(verb, "--bucket", parsed.layer.bucket, "NAME",
           "Sets the S3 bucket through which a layer above 50 MB is uploaded");
  add_allowed_secrets(verb, parsed.layer.allowed_secrets);
  add_connection(verb, parsed.connection);
}

void add_layer(CLI::App& app, Parsed& parsed) {
  CLI::App& layer = *app.add_subcommand("layer", "Publish, list and delete layers, to be used by name");
  layer.set_help_flag("-h,--help", "Show this message and exit.");
  layer.require_subcommand(0, 1);
  add_layer_publish(layer, parsed);
  CLI::App& list = add_verb(layer, parsed, "list", "List the newest version of each layer",
                            [&](const Context& context) { return list_layers(context, parsed.layer); });
  add_choice(
      list, "--output", {"table", "json"},
      [&](const std::string& form) { parsed.layer.json = form == "json"; },
      "Sets the form of the list (the default is a table)");
  add_connection(list, parsed.connection);
  CLI::App& del = add_verb(layer, parsed, "delete", "Delete a layer, or one version of it",
                           [&](const Context& context) { return delete_layer(context, parsed.layer); });
  del.add_option("LAYER_NAME[:VERSION]", parsed.layer.name)->required();
  add_connection(del, parsed.connection);
}

void add_replay(CLI::App& app, Parsed& parsed) {
  CLI::App& verb = add_verb(app, parsed, "replay", "Run a task here that failed and was kept (keep_failed)",
                            [&](const Context& context) { return replay(context, parsed.replay); });
  verb.add_option("FILE", parsed.replay.file)->required();
  CLI::Option* pdb =
      verb.add_flag("--pdb", parsed.replay.pdb, "Stop where it begins and where it fails, in pdb");
  verb.add_flag("--gdb", parsed.replay.gdb, "Run it under gdb")->excludes(pdb);
}

void add_run(CLI::App& app, Parsed& parsed) {
  CLI::App* verb = nullptr;
  verb = &add_verb(app, parsed, "run", "Deploy what a script or program needs, and run it here",
                   [&](const Context& context) { return run(context, parsed.run); });
  verb->prefix_command();  // what stands behind the script is its own
  verb->parse_complete_callback([verb, &parsed] { parsed.run.command = verb->remaining(); });
  add_text(*verb, "--function", parsed.run.function, "NAME",
           "Sets the function that is deployed (the default is the one that the script names, else "
           "$LAMBDAPOOL_FUNCTION, else the script's own name)");
  add_integer(
      *verb, "--memory", [&](int value) { parsed.run.memory_mb = value; },
      "Sets the function's memory in megabytes");
  add_integer(
      *verb, "--timeout", [&](int value) { parsed.run.timeout_s = value; }, "Sets its timeout in seconds");
  add_text(*verb, "-r,--requirements", parsed.run.requirements, "PATH",
           "Specifies what is to be installed, in place of what stands beside the script");
  add_repeated(
      *verb, "--with", "PATH", Commas::belong,
      [&](const std::vector<std::string>& paths) { parsed.run.beside = paths; },
      "Deploys this file or directory too; may be repeated");
  add_connection(*verb, parsed.connection);
}

void add_runs(CLI::App& app, Parsed& parsed) {
  CLI::App& runs = *app.add_subcommand("runs", "List, show and delete named runs, which can be resumed");
  runs.set_help_flag("-h,--help", "Show this message and exit.");
  runs.require_subcommand(0, 1);
  const auto add_form = [&](CLI::App& verb) {
    add_choice(
        verb, "--output", {"table", "json"},
        [&](const std::string& form) { parsed.runs.json = form == "json"; },
        "Sets the form of the output (the default is a table)");
    add_text(verb, "--region", parsed.connection.region, "TEXT", "Sets the region whose prices are taken");
  };
  add_form(add_verb(runs, parsed, "list", "List the runs of this machine",
                    [&](const Context& context) { return list_runs(context, parsed.runs); }));
  CLI::App& show = add_verb(runs, parsed, "show", "Show how far a run is, and what it cost",
                            [&](const Context& context) { return show_run(context, parsed.runs); });
  show.add_option("RUN", parsed.runs.names)->required()->expected(1);
  add_form(show);
  CLI::App& del = add_verb(runs, parsed, "delete", "Delete runs with their results",
                           [&](const Context& context) { return delete_runs(context, parsed.runs); });
  del.add_option("RUNS", parsed.runs.names)->required();
}

void add_serve(CLI::App& app, Parsed& parsed) {
  CLI::App& verb = add_verb(app, parsed, "serve", "Serve the local Lambda to any AWS client",
                            [&](const Context& context) { return serve(context, parsed.serve); });
  add_integer(
      verb, "--port", [&](int value) { parsed.serve.port = value; },
      "Sets the port on 127.0.0.1 (the default, 0, means a free one)");
  add_text(verb, "--region", parsed.connection.region, "TEXT", "Sets the region that ARNs name");
  add_target(verb, parsed.connection, "");  // understood and hidden: it could only say "local"
  add_repeated(
      verb, "--host", "NAME", Commas::separate,
      [&](const std::vector<std::string>& names) { parsed.serve.hosts = names; },
      "Answers also to clients that call it by this name, as containers or those behind a tunnel do; "
      "NAME or NAME:PORT, may be repeated. Without it, only to localhost and 127.0.0.1.");
  verb.add_flag("--any-user", parsed.serve.any_user,
                "Lets every user of this machine in, who can then run code as you. Without it, only your own "
                "processes.");
  verb.add_flag("--require-signature", parsed.serve.require_signature,
                "Accepts only requests that are signed with one key, made for this run and printed. A key of "
                "yours, by --keys or by $LAMBDAPOOL_SERVE_ACCESS_KEY_ID and "
                "$LAMBDAPOOL_SERVE_SECRET_ACCESS_KEY, is required without this.");
  add_text(verb, "--keys", parsed.serve.keys, "FILE",
           "Requires the key of this file, which is in the form of ~/.aws/credentials ([default] with "
           "aws_access_key_id and "
           "aws_secret_access_key) and that only you can read");
  verb.add_flag("--verbose", parsed.serve.verbose, "Print a line about each request");
  verb.footer(
      "It answers Lambda's operations on functions, versions, aliases, layers, tags, permissions, "
      "concurrency, "
      "event invocations and URLs: docs/operations.md lists each with whether it works, is kept without "
      "effect, or is "
      "refused. "
      "A function's URL is http://ID.lambda-url.REGION.localhost:PORT/, and for clients that cannot look "
      "such "
      "a name up http://127.0.0.1:PORT/lambda-url/ID/. Not there: event sources, provisioned "
      "concurrency, container images.");
}

void add_stats(CLI::App& app, Parsed& parsed) {
  CLI::App& verb = add_verb(app, parsed, "stats", "Show what a function's invocations took and cost",
                            [&](const Context& context) { return show_stats(context, parsed.stats); });
  add_name(verb, parsed.stats.name);
  add_text(verb, "--since", parsed.stats.since, "TIME",
           "Sets how far to look back (90s, 15m, 1h, 2d; the default is 1h) or from when "
           "(2026-11-22T19:00:00Z)");
  add_choice(
      verb, "--output", {"table", "json"},
      [&](const std::string& form) { parsed.stats.json = form == "json"; },
      "Sets the form of the figures (the default is a table)");
  add_connection(verb, parsed.connection);
}

void add_watch(CLI::App& app, Parsed& parsed) {
  CLI::App& verb = add_verb(app, parsed, "watch", "Deploy code again whenever it changes",
                            [&](const Context& context) { return watch(context, parsed.watch); });
  verb.add_option("PATHS", parsed.watch.paths)->required();
  verb.add_option("--function", parsed.watch.function,
                  "Sets the function that gets the code; where there is none, it is created")
      ->type_name("NAME")
      ->required();
  add_text(verb, "-r,--requirements", parsed.watch.requirements, "PATH",
           "Specifies the dependencies to be installed along with the function");
  add_connection(verb, parsed.connection);
}

CLI::App& add_help(CLI::App& app) {
  CLI::App& help = *app.add_subcommand("help", "Show the help of a command, as in 'help create'");
  help.set_help_flag("-h,--help", "Show this message and exit.");
  return *help.prefix_command();  // what stands behind it is no command line
}

// One sentence on one line, whatever it quotes.
std::string sentence(std::string text) {
  for (char& c : text)
    if (c == '\n' || c == '\r') c = ' ';
  text.erase(text.find_last_not_of(' ') + 1);
  return text.empty() || text.back() != '.' ? text + "." : text;
}

int report(const Error& error) {
  std::cout.flush();
  if (!error.message.empty()) std::cerr << "Error: " << sentence(error.message) << "\n";
  return error.kind == ErrorKind::cancelled ? 130 : 1;
}

bool is_verb(const CLI::App& app, const std::string& name) {
  const auto verbs = app.get_subcommands({});
  return std::any_of(verbs.begin(), verbs.end(),
                     [&](const CLI::App* verb) { return verb->get_name() == name; });
}

// CLI11 takes "--layers=" for an option whose value is missing; here it is an empty one. What is run gets its
// arguments as they are.
std::vector<std::string> with_empty_values(int argc, const char* const* argv, const CLI::App& app) {
  std::vector<std::string> arguments;
  std::string verb;
  for (int i = 1; i < argc; ++i) {
    std::string argument = argv[i];
    if (verb == "run") {
      arguments.push_back(std::move(argument));
      continue;
    }
    if (verb.empty() && is_verb(app, argument)) verb = argument;
    const bool is_empty =
        argument.size() > 3 && argument.starts_with("--") && argument.find('=') == argument.size() - 1;
    if (is_empty) argument.pop_back();
    arguments.push_back(std::move(argument));
    if (is_empty) arguments.emplace_back();
  }
  std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants them
  return arguments;
}

}  // namespace

int run(int argc, const char* const* argv, const Environment& environment) {
  Parsed parsed;
  CLI::App app{"", "lambdapool"};
  app.formatter(std::make_shared<HelpFormatter>());
  app.set_help_flag("-h,--help", "Show this message and exit.");
  app.require_subcommand(0, 1);
  add_connection(app, parsed.connection, "Further options");
  app.set_version_flag("--version", "lambdapool, version " LAMBDAPOOL_VERSION, "Show the version and exit.")
      ->group("Further options");
  add_create(app, parsed);
  add_delete(app, parsed);
  add_doctor(app, parsed);
  CLI::App& help = add_help(app);
  add_layer(app, parsed);
  add_list(app, parsed);
  add_logs(app, parsed);
  add_policy(app, parsed);
  add_replay(app, parsed);
  add_run(app, parsed);
  add_runs(app, parsed);
  add_serve(app, parsed);
  add_stats(app, parsed);
  add_update(app, parsed);
  add_watch(app, parsed);
  try {
    app.parse(with_empty_values(argc, argv, app));
  } catch (const CLI::CallForHelp&) {
    const CLI::App& command = chosen_command(app);
    return print_help(command, command.remaining());
  } catch (const CLI::CallForVersion& version) {
    std::cout << version.what() << "\n";
    return 0;
  } catch (const CLI::ParseError& error) {
    std::cerr << "Error: " << usage_sentence(error, app) << "\n";
    return 2;
  }
  if (app.got_subcommand(&help)) return print_help(app, help.remaining());
  if (!parsed.verb) {
    std::cout << chosen_command(app).help();
    return 0;
  }
  const Interruption interruption;
  const Result<void> done = parsed.verb({environment, interruption, parsed.connection, argv[0]});
  return done ? 0 : report(done.error());
}

}  // namespace lambdapool::cli
