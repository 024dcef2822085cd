// The home of the local Lambda as whoever only reads finds it. Where there is none, it is an empty one
// that goes with its owner: looking leaves nothing behind.
#pragma once

#include <filesystem>
#include <optional>

#include "core/error.hpp"
#include "deploy/connection.hpp"
#include "package/temp_dir.hpp"

namespace lambdapool::deploy {

class LocalHome {
 public:
  static Result<LocalHome> find(const Connection& connection);

  bool exists() const { return !empty_; }
  const std::filesystem::path& path() const { return exists() ? named_ : empty_->path(); }
  const std::filesystem::path& named() const { return named_; }  // where the first create makes it

 private:
  LocalHome(std::filesystem::path named, std::optional<package::TempDir> empty)
      : named_(std::move(named)), empty_(std::move(empty)) {}

  std::filesystem::path named_;
  std::optional<package::TempDir> empty_;
};

}  // namespace lambdapool::deploy
