// The home of the local Lambda as a command that only reads finds it. Where there is none, it is an empty one
// that goes with its owner: looking leaves nothing behind.
#pragma once

#include <filesystem>
#include <optional>

#include "core/environment.hpp"
#include "core/error.hpp"
#include "package/temp_dir.hpp"

namespace lambdapool::cli {

class LocalHome {
 public:
  static Result<LocalHome> find(const Environment& environment);

  bool exists() const { return !empty_; }
  const std::filesystem::path& path() const { return exists() ? named_ : empty_->path(); }
  const std::filesystem::path& named() const { return named_; }  // where the first create makes it

 private:
  LocalHome(std::filesystem::path named, std::optional<package::TempDir> empty)
      : named_(std::move(named)), empty_(std::move(empty)) {}

  std::filesystem::path named_;
  std::optional<package::TempDir> empty_;
};

}  // namespace lambdapool::cli
