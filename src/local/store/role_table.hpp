// IAM's roles as deploy tools make them: kept and shown. Each is one JSON object, of IAM's members and of two
// more, "Policies" (documents by name) and "Attached" (ARNs).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "local/control/function_config.hpp"
#include "local/store/database.hpp"

namespace lambdapool::local {

// A row that cannot be read is an error of the database, which names it.
std::optional<Json> find_role(Database& database, std::string_view name);
void put_role(Database& database, const Json& role);  // by its RoleName
bool delete_role(Database& database, std::string_view name);
std::vector<Json> list_roles(Database& database);  // by name

}  // namespace lambdapool::local
