// Functions' tags in the database.
#pragma once

#include <string_view>

#include "local/control/request_body.hpp"
#include "local/store/database.hpp"

namespace lambdapool::local {

StringMap find_tags(Database& database, std::string_view function);
void put_tags(Database& database, std::string_view function, const StringMap& tags);
void delete_tag(Database& database, std::string_view function, std::string_view key);

}  // namespace lambdapool::local
