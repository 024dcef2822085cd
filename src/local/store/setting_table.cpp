#include "local/store/setting_table.hpp"

#include <nlohmann/json.hpp>

namespace lambdapool::local {
namespace {

std::string_view name_of(Setting kind) {
  switch (kind) {
    case Setting::policy:
      return "policy";
    case Setting::event_invoke:
      return "event_invoke";
    case Setting::url:
      return "url";
  }
  return "";
}

SettingRecord read_setting(Database& database, const Statement& row) {
  SettingRecord record{row.text(0), row.text(1), Json::parse(row.text(2), nullptr, false)};
  if (!record.content.is_object()) {
    record.content = Json::object();
    database.restore_error({ErrorKind::io, "What the database of the local Lambda holds of the settings of " +
                                               record.function +
                                               " is damaged: delete the function and create it again."});
  }
  return record;
}

std::vector<SettingRecord> read_settings(Database& database, Statement& rows) {
  std::vector<SettingRecord> records;
  while (rows.next()) records.push_back(read_setting(database, rows));
  return records;
}

}  // namespace

std::optional<Json> find_setting(Database& database, Setting kind, std::string_view function,
                                 std::string_view qualifier) {
  auto row = database.prepare(
      "SELECT function, qualifier, content FROM settings WHERE kind = ? AND function = ? AND qualifier = ?");
  if (!row.bind(name_of(kind)).bind(function).bind(qualifier).next()) return std::nullopt;
  return read_setting(database, row).content;
}

void put_setting(Database& database, Setting kind, const SettingRecord& record) {
  database.prepare("INSERT OR REPLACE INTO settings (kind, function, qualifier, content) VALUES (?, ?, ?, ?)")
      .bind(name_of(kind))
      .bind(record.function)
      .bind(record.qualifier)
      .bind(record.content.dump())
      .run();
}

bool delete_setting(Database& database, Setting kind, std::string_view function, std::string_view qualifier) {
  database.prepare("DELETE FROM settings WHERE kind = ? AND function = ? AND qualifier = ?")
      .bind(name_of(kind))
      .bind(function)
      .bind(qualifier)
      .run();
  return database.changes() > 0;
}

void delete_settings(Database& database, std::string_view function, std::string_view qualifier) {
  database.prepare("DELETE FROM settings WHERE function = ? AND qualifier = ?")
      .bind(function)
      .bind(qualifier)
      .run();
}

std::vector<SettingRecord> list_settings(Database& database, Setting kind, std::string_view function) {
  auto rows = database.prepare(
      "SELECT function, qualifier, content FROM settings WHERE kind = ? AND function = ? ORDER BY qualifier");
  return read_settings(database, rows.bind(name_of(kind)).bind(function));
}

std::vector<SettingRecord> list_settings(Database& database, Setting kind) {
  auto rows = database.prepare("SELECT function, qualifier, content FROM settings WHERE kind = ?");
  return read_settings(database, rows.bind(name_of(kind)));
}

}  // namespace lambdapool::local
