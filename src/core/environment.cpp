#include "core/environment.hpp"

#include <unistd.h>

#include <fstream>
#include <string_view>
#include <vector>

extern "C" char** environ;

namespace lambdapool {

namespace {

std::vector<std::string_view> fields_of(std::string_view line) {
  std::vector<std::string_view> fields;
  for (std::size_t start = 0;;) {
    const auto colon = line.find(':', start);
    fields.push_back(line.substr(start, colon - start));
    if (colon == std::string_view::npos) return fields;
    start = colon + 1;
  }
}

// Read by hand: getpwuid would load the C library's name-service plug-ins, which a statically linked
// program cannot.
std::filesystem::path home_of_user(uid_t user) {
  const std::string wanted = std::to_string(user);
  std::ifstream passwd("/etc/passwd");
  for (std::string line; std::getline(passwd, line);) {
    const auto fields = fields_of(line);
    if (fields.size() >= 6 && fields[2] == wanted && !fields[5].empty()) return std::string(fields[5]);
  }
  return "/";
}

}  // namespace

Environment Environment::of_this_process() {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (equals == std::string_view::npos || equals == 0) continue;
    variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return Environment(std::move(variables));
}

std::optional<std::string> Environment::get(const std::string& name) const {
  const auto found = variables_.find(name);
  if (found == variables_.end() || found->second.empty()) return std::nullopt;
  return found->second;
}

std::filesystem::path Environment::home_directory() const {
  if (const auto home = get("HOME")) return *home;
  return home_of_user(::getuid());
}

}  // namespace lambdapool
