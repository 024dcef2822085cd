// Aliases in the database.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "local/store/database.hpp"

namespace lambdapool::local {

struct AliasRecord {
  std::string function;
  std::string name;
  std::string version;
  std::string description = {};
  std::string second_version = {};  // takes `second_weight` of the invocations; "" where there is none
  double second_weight = 0;         // 0 to 1
  std::string revision = {};
};

std::optional<AliasRecord> find_alias(Database& database, std::string_view function, std::string_view name);
void put_alias(Database& database, const AliasRecord& alias);
void delete_alias_row(Database& database, std::string_view function, std::string_view name);
// By name, behind `after`; those that lead to `version` only, unless that is "".
std::vector<AliasRecord> list_alias_rows(Database& database, std::string_view function,
                                         std::string_view version, std::string_view after, std::size_t most);

}  // namespace lambdapool::local
