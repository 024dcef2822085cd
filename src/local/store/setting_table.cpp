#include "local/store/setting_table.hpp"

#include <algorithm>
#include <initializer_list>
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
    case Setting::runtime_management:
      return "runtime_management";
    case Setting::recursion:
      return "recursion";
  }
  return "";
}

bool has_texts(const Json& object, std::initializer_list<const char*> members) {
  return object.is_object() && std::all_of(members.begin(), members.end(), [&](const char* member) {
           const auto found = object.find(member);
           return found != object.end() && found->is_string();
         });
}

// Whether a member is not there, or `holds`.
template <typename Holds>
bool may_have(const Json& object, const char* member, Holds holds) {
  const auto found = object.find(member);
  return found == object.end() || holds(*found);
}

bool is_destination(const Json& json) {
  return json.is_object() && may_have(json, "Destination", [](const Json& arn) { return arn.is_string(); });
}

// Those who read a setting rely on this.
bool is_whole(Setting kind, const Json& content) {
  const auto is_number = [](const Json& json) { return json.is_number(); };
  const auto is_object = [](const Json& json) { return json.is_object(); };
  if (!content.is_object()) return false;
  switch (kind) {
    case Setting::policy: {
      const auto statements = content.find("Statement");
      return statements != content.end() && statements->is_array() &&
             std::all_of(statements->begin(), statements->end(), [](const Json& each) {
               return has_texts(each, {"Sid", "Action"});
             });
    }
    case Setting::event_invoke:
      return may_have(content, "MaximumRetryAttempts", is_number) &&
             may_have(content, "MaximumEventAgeInSeconds", is_number) &&
             may_have(content, "DestinationConfig", [](const Json& to) {
               return to.is_object() && may_have(to, "OnSuccess", is_destination) &&
                      may_have(to, "OnFailure", is_destination);
             });
    case Setting::url:
      return has_texts(content, {"Id", "AuthType", "CreationTime", "LastModifiedTime"}) &&
             may_have(content, "Cors", is_object);
    case Setting::runtime_management:
      return has_texts(content, {"UpdateRuntimeOn"});
    case Setting::recursion:
      return has_texts(content, {"RecursiveLoop"});
  }
  return false;
}

std::optional<SettingRecord> read_setting(Setting kind, const Statement& row) {
  SettingRecord record{row.text(0), row.text(1), Json::parse(row.text(2), nullptr, false)};
  if (!is_whole(kind, record.content)) return std::nullopt;
  return record;
}

void note_damage(Database& database, const Statement& row) {
  database.restore_error({ErrorKind::io, "What the database of the local Lambda holds of the settings of " +
                                             row.text(0) +
                                             " is damaged: delete the function and create it again."});
}

}  // namespace

std::optional<Json> find_setting(Database& database, Setting kind, std::string_view function,
                                 std::string_view qualifier) {
  auto row = database.prepare(
      "SELECT function, qualifier, content FROM settings WHERE kind = ? AND function = ? AND qualifier = ?");
  if (!row.bind(name_of(kind)).bind(function).bind(qualifier).next()) return std::nullopt;
  auto record = read_setting(kind, row);
  if (record) return std::move(record->content);
  note_damage(database, row);
  return std::nullopt;
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
  rows.bind(name_of(kind)).bind(function);
  std::vector<SettingRecord> records;
  while (rows.next()) {
    auto record = read_setting(kind, rows);
    if (!record) {
      note_damage(database, rows);
      return {};
    }
    records.push_back(std::move(*record));
  }
  return records;
}

std::vector<SettingRecord> list_settings(Database& database, Setting kind) {
  auto rows = database.prepare("SELECT function, qualifier, content FROM settings WHERE kind = ?");
  rows.bind(name_of(kind));
  std::vector<SettingRecord> records;
  while (rows.next())
    if (auto record = read_setting(kind, rows)) records.push_back(std::move(*record));
  return records;
}

}  // namespace lambdapool::local
