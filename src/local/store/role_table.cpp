#include "local/store/role_table.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace lambdapool::local {
namespace {

bool all_texts(const Json& json) {
  return std::all_of(json.begin(), json.end(), [](const Json& each) { return each.is_string(); });
}

// Those who read a role rely on this.
bool is_whole(const Json& role) {
  if (!role.is_object()) return false;
  for (const char* member : {"RoleName", "RoleId", "Arn", "Path", "CreateDate", "AssumeRolePolicyDocument"}) {
    const auto found = role.find(member);
    if (found == role.end() || !found->is_string()) return false;
  }
  for (const char* member : {"Policies", "Tags"}) {
    const auto found = role.find(member);
    if (found == role.end() || !found->is_object() || !all_texts(*found)) return false;
  }
  const auto attached = role.find("Attached");
  const auto seconds = role.find("MaxSessionDuration");
  const auto description = role.find("Description");
  return attached != role.end() && attached->is_array() && all_texts(*attached) && seconds != role.end() &&
         seconds->is_number_integer() && (description == role.end() || description->is_string());
}

std::optional<Json> read_role(Database& database, const Statement& row) {
  auto role = Json::parse(row.text(1), nullptr, false);
  if (is_whole(role)) return role;
  database.restore_error(
      {ErrorKind::io, "What the database of the local Lambda holds of the role " + row.text(0) +
                          " is damaged: move the home's lambdapool.db away to start afresh."});
  return std::nullopt;
}

}  // namespace

std::optional<Json> find_role(Database& database, std::string_view name) {
  auto row = database.prepare("SELECT name, content FROM roles WHERE name = ?");
  if (!row.bind(name).next()) return std::nullopt;
  return read_role(database, row);
}

void put_role(Database& database, const Json& role) {
  database.prepare("INSERT OR REPLACE INTO roles (name, content) VALUES (?, ?)")
      .bind(role.at("RoleName").get<std::string>())
      .bind(role.dump())
      .run();
}

bool delete_role(Database& database, std::string_view name) {
  database.prepare("DELETE FROM roles WHERE name = ?").bind(name).run();
  return database.changes() > 0;
}

std::vector<Json> list_roles(Database& database) {
  auto rows = database.prepare("SELECT name, content FROM roles ORDER BY name");
  std::vector<Json> roles;
  while (rows.next()) {
    auto role = read_role(database, rows);
    if (!role) return {};
    roles.push_back(std::move(*role));
  }
  return roles;
}

}  // namespace lambdapool::local
