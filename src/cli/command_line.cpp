#include "cli/command_line.hpp"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>

#include "cli/command.hpp"
#include "cli/terminal/help_formatter.hpp"
#include "cli/usage.hpp"

namespace lambdapool::cli {
namespace {

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
  add_tune(app, parsed);
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
