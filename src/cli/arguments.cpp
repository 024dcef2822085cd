#include "cli/arguments.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace lambdapool::cli {

CLI::ValidationError invalid(const std::string& name, const std::string& text, const std::string& why) {
  return CLI::ValidationError("Invalid value for '" + name + "': '" + text + "' " + why);
}

std::optional<int> parse_integer(const std::string& text) {
  int value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

void add_text(CLI::App& app, const std::string& names, std::optional<std::string>& value, const char* type,
              const char* help) {
  app.add_option_function<std::string>(
         names, [&value](const std::string& text) { value = text; }, help)
      ->type_name(type)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
}

void add_integer(CLI::App& app, const std::string& name, std::function<void(int)> set, const char* help) {
  const auto parse = [name, set = std::move(set)](const std::string& text) {
    const auto value = parse_integer(text);
    if (!value) throw invalid(name, text, "is not a valid integer");
    set(*value);
  };
  app.add_option_function<std::string>(name, parse, help)
      ->type_name("INTEGER")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
}

void add_choice(CLI::App& app, const std::string& name, const std::vector<std::string>& choices,
                std::function<void(const std::string&)> set, const char* help) {
  const auto parse = [name, choices, set = std::move(set)](const std::string& text) {
    if (std::ranges::find(choices, text) == choices.end())
      throw invalid(name, text, "is not one of '" + CLI::detail::join(choices, "', '") + "'");
    set(text);
  };
  app.add_option_function<std::string>(name, parse, help)
      ->type_name("[" + CLI::detail::join(choices, "|") + "]")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
}

void add_repeated(CLI::App& app, const std::string& name, const char* type, Commas commas,
                  const std::function<void(const std::vector<std::string>&)>& set, const char* help) {
  auto* option = app.add_option_function<std::vector<std::string>>(name, set, help)
                     ->type_name(type)
                     ->expected(1)
                     ->allow_extra_args(false)
                     ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  if (commas == Commas::separate) option->delimiter(',');
}

void add_allowed_secrets(CLI::App& app, std::optional<std::vector<std::string>>& names) {
  add_repeated(
      app, "--allow-secret", "NAME", Commas::belong,
      [&names](const std::vector<std::string>& given) { names = given; },
      "Takes along what looks like a secret and has this name in the package; may be repeated");
}

void add_pairs(CLI::App& app, const std::string& name, const char* type,
               std::function<void(std::string, std::string)> add, const char* help) {
  const auto parse = [name, type, add = std::move(add)](const std::vector<std::string>& given) {
    for (const std::string& pair : given) {
      const auto equals = pair.find('=');
      if (equals == std::string::npos || equals == 0)
        throw invalid(name, pair, std::string("is not of the form ") + type);
      add(pair.substr(0, equals), pair.substr(equals + 1));
    }
  };
  add_repeated(app, name, type, Commas::belong, parse, help);
}

CLI::Option* add_function_name(CLI::App& app, std::function<void(const std::string&)> set) {
  const auto parse = [set = std::move(set)](const std::string& name) {
    if (name.empty())
      throw CLI::ValidationError("Invalid value for 'FUNCTION_NAME': the function's name is empty");
    set(name);
  };
  return app.add_option_function<std::string>("FUNCTION_NAME", parse);
}

}  // namespace lambdapool::cli
