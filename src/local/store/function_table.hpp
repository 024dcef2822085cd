// Functions and their versions in the database.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "local/control/function_config.hpp"
#include "local/store/database.hpp"

namespace lambdapool::local {

inline constexpr std::string_view latest = "$LATEST";

struct FunctionRecord {
  std::string name;
  std::string id;  // another one whenever the name is created again
  std::int64_t next_version = 1;
  std::optional<std::int64_t> reserved;  // concurrency
};

std::optional<FunctionRecord> find_function(Database& database, std::string_view name);
void insert_function(Database& database, const FunctionRecord& function);
void delete_function(Database& database, std::string_view name);  // with its versions, aliases and tags
void set_reserved(Database& database, std::string_view name, std::optional<std::int64_t> reserved);
std::int64_t reserved_total(Database& database, std::string_view except = "");
std::int64_t count_functions(Database& database);

// Allots the next version number of a function.
std::int64_t take_version_number(Database& database, std::string_view name);

std::optional<VersionRecord> find_version(Database& database, std::string_view function,
                                          std::string_view version);
// The published one of the highest number that is there.
std::optional<VersionRecord> find_newest_version(Database& database, std::string_view function);
void put_version(Database& database, const VersionRecord& record);
void delete_version(Database& database, std::string_view function, std::string_view version);

// After a change that takes effect at once (tags, a permission): the new revision. A version that is Pending
// or InProgress keeps its own, by which the end of its transition knows it, and has another one after that.
std::string renew_revision(Database& database, std::string_view function, std::string_view version);

// In order of (function, $LATEST first and then by number), starting behind (function, number).
struct VersionCursor {
  std::string function = {};
  std::int64_t number = -1;  // $LATEST is 0
};
std::vector<VersionRecord> list_latest(Database& database, std::string_view after, std::size_t most);
std::vector<VersionRecord> list_all_versions(Database& database, const VersionCursor& after,
                                             std::size_t most);
std::vector<VersionRecord> list_versions(Database& database, std::string_view function, std::int64_t after,
                                         std::size_t most);
std::vector<VersionRecord> list_changing(Database& database);  // phase creating or updating

std::int64_t version_number(std::string_view version);  // 0 for $LATEST, -1 for what is no version

}  // namespace lambdapool::local
