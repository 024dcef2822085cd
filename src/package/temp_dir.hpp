// A temporary directory that goes with its owner. One whose owner was killed is removed by the next: a living
// owner holds a lock on its own.
#pragma once

#include <filesystem>

#include "core/error.hpp"

namespace lambdapool::package {

class TempDir {
 public:
  static Result<TempDir> make(const std::filesystem::path& parent);
  TempDir(TempDir&& other) noexcept;
  TempDir& operator=(TempDir&&) = delete;
  ~TempDir();
  const std::filesystem::path& path() const { return path_; }

 private:
  TempDir(std::filesystem::path path, int lock);
  std::filesystem::path path_;
  int lock_;
};

}  // namespace lambdapool::package
