#include "local/store/layer_table.hpp"

#include <nlohmann/json.hpp>

namespace lambdapool::local {
namespace {

std::string content_of(const LayerVersionRecord& record) {
  const auto& code = record.code;
  Json json{{"code", {{"sha256", code.sha256}, {"size", code.size}, {"unzipped", code.unzipped}}},
            {"description", record.description},
            {"license", record.license},
            {"created", record.created}};
  json["runtimes"] = record.runtimes;
  json["architectures"] = record.architectures;
  if (!record.policy.empty()) {
    json["policy"] = record.policy;
    json["policy_revision"] = record.policy_revision;
  }
  return json.dump();
}

void read_content(const std::string& content, LayerVersionRecord& record) {
  const auto json = Json::parse(content);
  record.code = code_from(json.at("code"));
  json.at("description").get_to(record.description);
  json.at("license").get_to(record.license);
  json.at("created").get_to(record.created);
  json.at("runtimes").get_to(record.runtimes);
  json.at("architectures").get_to(record.architectures);
  if (!json.contains("policy")) return;
  json.at("policy").get_to(record.policy);
  json.at("policy_revision").get_to(record.policy_revision);
  for (const auto& statement : Json::parse(record.policy).at("Statement"))
    statement.at("Sid").get_ref<const std::string&>();
}

// A row that cannot be read is an error of the database that names it: layers are what functions run on, and
// one that is left out in silence would be missed there.
LayerVersionRecord read_layer_version(Database& database, const Statement& row) {
  LayerVersionRecord record{row.text(0), row.number(1)};
  try {
    read_content(row.text(2), record);
  } catch (const Json::exception&) {
    const auto name = record.layer + ":" + std::to_string(record.version);
    database.restore_error({ErrorKind::io, "What the database of the local Lambda holds of layer version " +
                                               name +
                                               " is damaged: delete that version and publish it again."});
  }
  return record;
}

}  // namespace

std::int64_t take_layer_version_number(Database& database, std::string_view layer) {
  auto row = database.prepare(
      "INSERT INTO layers (name, next_version) VALUES (?, 2) ON CONFLICT (name) DO UPDATE SET "
      "next_version = next_version + 1 RETURNING next_version - 1");
  const auto number = row.bind(layer).next() ? row.number(0) : 0;
  row.next();
  return number;
}

void put_layer_version(Database& database, const LayerVersionRecord& record) {
  database.prepare("INSERT OR REPLACE INTO layer_versions (layer, version, content) VALUES (?, ?, ?)")
      .bind(record.layer)
      .bind(record.version)
      .bind(content_of(record))
      .run();
}

void delete_layer_version_row(Database& database, std::string_view layer, std::int64_t version) {
  database.prepare("DELETE FROM layer_versions WHERE layer = ? AND version = ?")
      .bind(layer)
      .bind(version)
      .run();
}

std::optional<LayerVersionRecord> find_layer_version(Database& database, std::string_view layer,
                                                     std::int64_t version) {
  auto row =
      database.prepare("SELECT layer, version, content FROM layer_versions WHERE layer = ? AND version = ?");
  if (!row.bind(layer).bind(version).next()) return std::nullopt;
  return read_layer_version(database, row);
}

std::vector<LayerVersionRecord> layer_versions_of(Database& database, std::string_view layer) {
  auto rows = database.prepare(
      "SELECT layer, version, content FROM layer_versions WHERE layer = ? ORDER BY version DESC");
  rows.bind(layer);
  std::vector<LayerVersionRecord> records;
  while (rows.next()) records.push_back(read_layer_version(database, rows));
  return records;
}

std::vector<std::string> layer_names(Database& database, std::string_view after) {
  auto rows = database.prepare("SELECT DISTINCT layer FROM layer_versions WHERE layer > ? ORDER BY layer");
  rows.bind(after);
  std::vector<std::string> names;
  while (rows.next()) names.push_back(rows.text(0));
  return names;
}

}  // namespace lambdapool::local
