// Layers and their versions in the database. A version's number is never given twice, even after a deletion.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "local/control/function_config.hpp"
#include "local/store/database.hpp"

namespace lambdapool::local {

struct LayerVersionRecord {
  std::string layer;
  std::int64_t version = 0;
  CodeReference code = {};
  std::string description = {};
  std::string license = {};
  std::string created = {};
  std::vector<std::string> runtimes = {};
  std::vector<std::string> architectures = {};
  std::string policy = {};           // JSON, with the array Statement; "" where there is none
  std::string policy_revision = {};  // likewise
};

std::int64_t take_layer_version_number(Database& database, std::string_view layer);
void put_layer_version(Database& database, const LayerVersionRecord& record);  // in place of an earlier one
void delete_layer_version_row(Database& database, std::string_view layer, std::int64_t version);
std::optional<LayerVersionRecord> find_layer_version(Database& database, std::string_view layer,
                                                     std::int64_t version);
std::vector<LayerVersionRecord> layer_versions_of(Database& database,
                                                  std::string_view layer);         // newest first
std::vector<std::string> layer_names(Database& database, std::string_view after);  // those with versions

}  // namespace lambdapool::local
