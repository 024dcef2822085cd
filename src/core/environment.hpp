// A snapshot of environment variables. The process's own is read in main, in the Python extension
// and in the public API's edge, and passed in from there; nothing below calls getenv.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace lambdapool {

class Environment {
 public:
  Environment() = default;
  explicit Environment(std::map<std::string, std::string> variables) : variables_(std::move(variables)) {}

  static Environment of_this_process();

  // The variable's value; nullopt where it is unset or empty (as the AWS SDKs read them).
  std::optional<std::string> get(const std::string& name) const;
  const std::map<std::string, std::string>& all() const { return variables_; }

  // $HOME, else the password database's home directory.
  std::filesystem::path home_directory() const;

 private:
  std::map<std::string, std::string> variables_;
};

}  // namespace lambdapool
