#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "core/error.hpp"
#include "local/store/database.hpp"

namespace lambdapool::local {

// The database connections of the background threads: as many as there are at work at once.
class DatabasePool {
 public:
  explicit DatabasePool(std::filesystem::path home) : home_(std::move(home)) {}
  // Runs `use` with a connection; the error is that none could be opened.
  Result<void> with(const std::function<void(Database&)>& use);
  void disconnect();  // see Database; while none is in use

 private:
  std::filesystem::path home_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Database>> free_;
};

}  // namespace lambdapool::local
