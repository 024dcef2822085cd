// The functions' URLs by their ids, read again after the database has changed. On the loop's thread.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "local/store/database.hpp"
#include "local/url/config.hpp"

namespace lambdapool::local {

class UrlTable {
 public:
  explicit UrlTable(Database& database) : database_(database) {}

  // Null where there is none. Refusal: 500 for a broken database.
  OrRefusal<std::shared_ptr<const FunctionUrl>> find(const std::string& id);

 private:
  void load();

  Database& database_;
  std::int64_t data_version_ = -1;
  std::map<std::string, std::shared_ptr<const FunctionUrl>> urls_;
};

}  // namespace lambdapool::local
