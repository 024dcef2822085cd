// What belongs to a function, one of its versions or one of its aliases, and has a form of its own: resource
// policies, the treatment of asynchronous invocations, URLs, what is only kept. Each is one JSON object; a
// deleted function's go with it.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "local/control/function_config.hpp"
#include "local/store/database.hpp"

namespace lambdapool::local {

enum class Setting { policy, event_invoke, url, runtime_management, recursion };

struct SettingRecord {
  std::string function;
  std::string qualifier;  // a version, "$LATEST" or an alias; policies and URLs of the function itself: ""
  Json content;
};

// A row that cannot be read is an error of the database, which names it.
std::optional<Json> find_setting(Database& database, Setting kind, std::string_view function,
                                 std::string_view qualifier);
void put_setting(Database& database, Setting kind, const SettingRecord& record);
bool delete_setting(Database& database, Setting kind, std::string_view function, std::string_view qualifier);
void delete_settings(Database& database, std::string_view function, std::string_view qualifier);

// By qualifier.
std::vector<SettingRecord> list_settings(Database& database, Setting kind, std::string_view function);

// Of all functions, without rows that cannot be read: one must not stop the others.
std::vector<SettingRecord> list_settings(Database& database, Setting kind);

}  // namespace lambdapool::local
