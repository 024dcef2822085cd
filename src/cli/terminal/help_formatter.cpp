#include "cli/terminal/help_formatter.hpp"

#include <algorithm>
#include <sstream>
#include <utility>
#include <vector>

namespace lambdapool::cli {
namespace {

constexpr std::size_t page_width = 78;
constexpr std::size_t first_column_max = 23;

using Rows = std::vector<std::pair<std::string, std::string>>;

std::vector<std::string> wrapped(const std::string& text, std::size_t width) {
  std::vector<std::string> lines;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    if (!lines.empty() && lines.back().size() + 1 + word.size() <= width)
      lines.back() += " " + word;
    else
      lines.push_back(word);
  }
  return lines;
}

std::string two_columns(const Rows& rows) {
  std::size_t first = 0;
  for (const auto& row : rows) first = std::max(first, row.first.size());
  first = std::min(first, first_column_max) + 2;
  const std::string margin(first + 2, ' ');
  std::string text;
  for (const auto& [name, description] : rows) {
    text += "  " + name;
    text += name.size() + 2 <= first ? std::string(first - name.size(), ' ') : "\n" + margin;
    bool is_first = true;
    for (const std::string& line : wrapped(description, page_width - first - 2)) {
      text += (is_first ? "" : margin) + line + "\n";
      is_first = false;
    }
  }
  return text;
}

// -h is understood, and shown as the product document shows it: not.
std::string option_names(const CLI::Option& option) {
  std::string names;
  for (const std::string& name : option.get_snames())
    if (name != "h") names += (names.empty() ? "-" : ", -") + name;
  for (const std::string& name : option.get_lnames()) names += (names.empty() ? "--" : ", --") + name;
  const std::string type = option.get_type_name();
  return type.empty() ? names : names + " " + type;
}

std::string usage(const CLI::App& app) {
  std::string text = "Usage: " + command_path(app) + " [OPTIONS]";
  for (const CLI::Option* option : app.get_options()) {
    if (!option->get_positional()) continue;
    const std::string name = option->get_name(true);
    if (!option->get_option_text().empty())
      text += " " + option->get_option_text();
    else if (option->get_expected_max() > 1)
      text += " [" + name + "]...";
    else
      text += option->get_required() ? " " + name : " [" + name + "]";
  }
  if (!app.get_subcommands({}).empty()) text += " COMMAND [ARGS]...";
  // What is run brings arguments of its own; help, which takes a command's name, has no options.
  if (app.get_prefix_command() && app.get_options().size() > 1) text += " SCRIPT|PROGRAM [ARGS]...";
  return text + "\n";
}

std::string option_group(const CLI::App& app, const std::string& group) {
  Rows rows;
  for (const CLI::Option* option : app.get_options())
    if (!option->get_positional() && option->get_group() == group && option != app.get_help_ptr())
      rows.emplace_back(option_names(*option), option->get_description());
  if (app.get_help_ptr()->get_group() == group)
    rows.emplace_back(option_names(*app.get_help_ptr()), app.get_help_ptr()->get_description());
  return "\n" + group + ":\n" + two_columns(rows);
}

}  // namespace

std::string command_path(const CLI::App& app) {
  return app.get_parent() == nullptr ? app.get_name()
                                     : command_path(*app.get_parent()) + " " + app.get_name();
}

std::string HelpFormatter::make_help(const CLI::App* app, std::string, CLI::AppFormatMode) const {
  std::string text = usage(*app);
  if (!app->get_description().empty()) {
    text += "\n";
    for (const std::string& line : wrapped(app->get_description(), page_width - 2))
      text += "  " + line + "\n";
  }
  // More about it, before the options: help ends with --help.
  if (!app->get_footer().empty()) {
    text += "\n";
    for (const std::string& line : wrapped(app->get_footer(), page_width - 2)) text += "  " + line + "\n";
  }
  text += option_group(*app, "Options");
  Rows commands;
  for (const CLI::App* command : app->get_subcommands({}))
    commands.emplace_back(command->get_name(), command->get_description());
  std::sort(commands.begin(), commands.end());
  if (!commands.empty()) text += "\nCommands:\n" + two_columns(commands);
  for (const std::string& group : app->get_groups())
    if (group != "Options" && !group.empty()) text += option_group(*app, group);
  return text;
}

}  // namespace lambdapool::cli
