#include <map>

#include "cli/arguments.hpp"
#include "cli/command.hpp"
#include "cli/function_arguments.hpp"

namespace lambdapool::cli {

void add_create(CLI::App& app, Parsed& parsed) {
  CLI::App& verb = add_verb(app, parsed, "create", "Create a new function", [&](const Context& context) {
    return create_function(context, parsed.function);
  });
  add_create_arguments(verb, parsed.function);
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

namespace {

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

}  // namespace

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

}  // namespace lambdapool::cli
