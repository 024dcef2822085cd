// What this user has deployed lately, so that a second run need not ask whether it is there: a file for each,
// its content the version, its age that of the knowledge. Losing them costs a question.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

#include "core/environment.hpp"

namespace lambdapool::deploy {

class DeploymentRecord {
 public:
  // In $XDG_CACHE_HOME/lambdapool/deployed, else ~/.cache/lambdapool/deployed. `key`: what was deployed, and
  // where.
  DeploymentRecord(const Environment& environment, const std::string& key);

  std::optional<std::string> version(std::chrono::seconds younger_than) const;
  void keep(const std::string& version) const;  // where it cannot be written, nothing is kept

 private:
  std::filesystem::path path_;
};

}  // namespace lambdapool::deploy
