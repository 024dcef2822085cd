#include "local/store/alias_table.hpp"

#include <cstdlib>

namespace lambdapool::local {
namespace {

#define ALIAS_COLUMNS "function, name, version, description, second_version, second_weight, revision"

AliasRecord read_alias(const Statement& row) {
  AliasRecord alias;
  alias.function = row.text(0);
  alias.name = row.text(1);
  alias.version = row.text(2);
  alias.description = row.text(3);
  alias.second_version = row.text(4);
  alias.second_weight = std::strtod(row.text(5).c_str(), nullptr);
  alias.revision = row.text(6);
  return alias;
}

}  // namespace

std::optional<AliasRecord> find_alias(Database& database, std::string_view function, std::string_view name) {
  auto row = database.prepare("SELECT " ALIAS_COLUMNS " FROM aliases WHERE function = ? AND name = ?");
  if (!row.bind(function).bind(name).next()) return std::nullopt;
  return read_alias(row);
}

void put_alias(Database& database, const AliasRecord& alias) {
  database.prepare("INSERT OR REPLACE INTO aliases (" ALIAS_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?)")
      .bind(alias.function)
      .bind(alias.name)
      .bind(alias.version)
      .bind(alias.description)
      .bind(alias.second_version)
      .bind(std::to_string(alias.second_weight))
      .bind(alias.revision)
      .run();
}

void delete_alias_row(Database& database, std::string_view function, std::string_view name) {
  database.prepare("DELETE FROM aliases WHERE function = ? AND name = ?").bind(function).bind(name).run();
}

std::vector<AliasRecord> list_alias_rows(Database& database, std::string_view function,
                                         std::string_view version, std::string_view after, std::size_t most) {
  auto rows = database.prepare("SELECT " ALIAS_COLUMNS
                               " FROM aliases WHERE function = ?1 AND name > ?3 AND"
                               " (?2 = '' OR version = ?2 OR second_version = ?2) ORDER BY name LIMIT ?4");
  rows.bind(function).bind(version).bind(after).bind(static_cast<std::int64_t>(most));
  std::vector<AliasRecord> aliases;
  while (rows.next()) aliases.push_back(read_alias(rows));
  return aliases;
}

}  // namespace lambdapool::local
