#include "cli/usage.hpp"

#include <iostream>

#include "cli/terminal/help_formatter.hpp"
#include "core/suggestion.hpp"

namespace lambdapool::cli {
namespace {

bool has_commands(const CLI::App& app) { return !app.get_subcommands({}).empty(); }

std::string no_such_command(const std::string& typed, const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  // What others call it is spelt like another command here.
  if (typed == "deploy") return "No such command 'deploy': did you mean 'create'?";
  return "No such command '" + typed + "'" + suggestion(typed, names);
}

std::string no_such_option(const std::string& typed, const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options())
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  return "No such option: " + typed + (typed.starts_with("--") ? suggestion(typed, names) : "");
}

// Of what nothing was made of, an option that is not there explains more than an argument that is missing.
bool has_unknown_option(const CLI::App& app) {
  const std::vector<std::string> rest = app.remaining(true);
  return !rest.empty() && rest.front().size() > 1 && rest.front()[0] == '-';
}

std::string not_expected(const CLI::App& app, const CLI::App& command) {
  const std::vector<std::string> rest = app.remaining(true);
  const std::string first = rest.empty() ? "" : rest.front();
  if (has_unknown_option(app)) return no_such_option(first.substr(0, first.find('=')), command);
  return has_commands(command) ? no_such_command(first, command)
                               : "Got unexpected extra argument (" + first + ")";
}

std::string what_is_wrong(const CLI::ParseError& error, const CLI::App& app, const CLI::App& command) {
  const std::string what = error.what();
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) return not_expected(app, command);
  const bool misses = dynamic_cast<const CLI::RequiredError*>(&error) != nullptr;
  if (misses && has_unknown_option(app)) return not_expected(app, command);
  if (misses)
    return (what.front() == '-' ? "Missing option '" : "Missing argument '") +
           what.substr(0, what.find(' ')) + "'";
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr)
    return "Option '" + what.substr(0, what.find(':')) + "' requires an argument";
  return what.substr(what.find("Invalid value") == std::string::npos ? 0 : what.find("Invalid value"));
}

std::string with_way_to_help(const std::string& what, const CLI::App& command) {
  const std::string help = "ry '" + command_path(command) + " --help'.";
  return what + (what.back() == '?' ? " T" : "; t") + help;
}

const CLI::App* command_below(const CLI::App& app, const std::string& name) {
  for (const CLI::App* command : app.get_subcommands({}))
    if (command->get_name() == name) return command;
  return nullptr;
}

}  // namespace

const CLI::App& chosen_command(const CLI::App& app) {
  const auto verbs = app.get_subcommands();
  return verbs.empty() ? app : chosen_command(*verbs.front());
}

std::string usage_sentence(const CLI::ParseError& error, const CLI::App& app) {
  const CLI::App& command = chosen_command(app);
  return with_way_to_help(what_is_wrong(error, app, command), command);
}

int print_help(const CLI::App& app, const std::vector<std::string>& words) {
  const CLI::App* command = &app;
  for (const std::string& word : words) {
    if (word.starts_with('-') || !has_commands(*command)) break;
    const CLI::App* next = command_below(*command, word);
    if (next == nullptr) {
      std::cerr << "Error: " << with_way_to_help(no_such_command(word, *command), *command) << "\n";
      return 2;
    }
    command = next;
  }
  // App::help would show the help of a command that was chosen below it, as "help" itself.
  std::cout << command->get_formatter()->make_help(command, "", CLI::AppFormatMode::Normal);
  return 0;
}

}  // namespace lambdapool::cli
