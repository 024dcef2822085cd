#include "local/store/tag_table.hpp"

namespace lambdapool::local {

StringMap find_tags(Database& database, std::string_view function) {
  auto rows = database.prepare("SELECT key, value FROM tags WHERE function = ?");
  rows.bind(function);
  StringMap tags;
  while (rows.next()) tags.emplace(rows.text(0), rows.text(1));
  return tags;
}

void put_tags(Database& database, std::string_view function, const StringMap& tags) {
  for (const auto& [key, value] : tags) {
    database.prepare("INSERT OR REPLACE INTO tags (function, key, value) VALUES (?, ?, ?)")
        .bind(function)
        .bind(key)
        .bind(value)
        .run();
  }
}

void delete_tag(Database& database, std::string_view function, std::string_view key) {
  database.prepare("DELETE FROM tags WHERE function = ? AND key = ?").bind(function).bind(key).run();
}

}  // namespace lambdapool::local
