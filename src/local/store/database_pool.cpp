#include "local/store/database_pool.hpp"

namespace lambdapool::local {

Result<void> DatabasePool::with(const std::function<void(Database&)>& use) {
  std::unique_ptr<Database> connection;
  {
    std::lock_guard lock(mutex_);
    if (!free_.empty()) {
      connection = std::move(free_.back());
      free_.pop_back();
    }
  }
  if (!connection) {
    auto opened = open_database(home_);
    if (!opened) return tl::unexpected(opened.error());
    connection = std::move(*opened);
  }
  use(*connection);
  std::lock_guard lock(mutex_);
  free_.push_back(std::move(connection));
  return {};
}

void DatabasePool::disconnect() {
  std::lock_guard lock(mutex_);
  for (auto& connection : free_) connection->disconnect();
}

}  // namespace lambdapool::local
