// The kinds of options that the verbs have. Where an option is given more than once, the last one counts,
// except for lists.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace lambdapool::cli {

void add_text(CLI::App& app, const std::string& names, std::optional<std::string>& value, const char* type,
              const char* help);
void add_integer(CLI::App& app, const std::string& name, std::function<void(int)> set, const char* help);
void add_choice(CLI::App& app, const std::string& name, const std::vector<std::string>& choices,
                std::function<void(const std::string&)> set, const char* help);

// May be repeated; `add` gets each one, in order. Empty ones too: "--layers=" asks for none.
enum class Commas { separate, belong };
void add_repeated(CLI::App& app, const std::string& name, const char* type, Commas commas,
                  const std::function<void(const std::vector<std::string>&)>& set, const char* help);

// "--allow-secret NAME", repeatable.
void add_allowed_secrets(CLI::App& app, std::optional<std::vector<std::string>>& names);

// "--env NAME=VALUE", repeatable. The value is all that follows the first "=".
void add_pairs(CLI::App& app, const std::string& name, const char* type,
               std::function<void(std::string, std::string)> add, const char* help);

// FUNCTION_NAME. One that is given and empty ("$UNSET" of a shell) is not the same as none.
CLI::Option* add_function_name(CLI::App& app, std::function<void(const std::string&)> set);

// Of an option's value; `why` goes on after "Invalid value for 'NAME': 'TEXT' ".
CLI::ValidationError invalid(const std::string& name, const std::string& text, const std::string& why);

// The whole text as a number.
std::optional<int> parse_integer(const std::string& text);

}  // namespace lambdapool::cli
