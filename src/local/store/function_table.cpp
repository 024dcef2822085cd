#include "local/store/function_table.hpp"

#include <charconv>

#include "local/store/uuid.hpp"

namespace lambdapool::local {
namespace {

#define VERSION_COLUMNS "function, version, config, live, phase, reason, revision, changed_ms"

// One row that is broken (a disk's fault, a hand in the database) must not stop the others.
void note_damage(VersionRecord& record) {
  record.damaged = true;
  record.live.reset();
  record.phase = Phase::failed;
  record.reason =
      "what the database of the local Lambda holds of " + record.function + " is damaged: delete " +
      (record.version == latest ? "the function" : "version " + record.version) + " and create it again";
}

VersionRecord read_version(const Statement& row) {
  VersionRecord record;
  record.function = row.text(0);
  record.version = row.text(1);
  record.phase = phase_from(row.text(4));
  record.reason = row.text(5);
  record.revision = row.text(6);
  record.changed_ms = row.number(7);
  auto config = from_stored(row.text(2));
  if (!row.is_null(3)) record.live = from_stored(row.text(3));
  const bool whole = config && (row.is_null(3) || record.live);
  if (whole) {
    record.config = std::move(*config);
  } else {
    note_damage(record);
  }
  return record;
}

std::vector<VersionRecord> read_versions(Statement& rows) {
  std::vector<VersionRecord> versions;
  while (rows.next()) versions.push_back(read_version(rows));
  return versions;
}

std::int64_t limit(std::size_t most) { return static_cast<std::int64_t>(most); }

}  // namespace

std::int64_t version_number(std::string_view version) {
  if (version == latest) return 0;
  std::int64_t number = -1;
  const auto* end = version.data() + version.size();
  const auto [stop, error] = std::from_chars(version.data(), end, number);
  return error == std::errc{} && stop == end && number > 0 ? number : -1;
}

std::optional<FunctionRecord> find_function(Database& database, std::string_view name) {
  auto row = database.prepare("SELECT name, id, next_version, reserved FROM functions WHERE name = ?");
  if (!row.bind(name).next()) return std::nullopt;
  FunctionRecord function{row.text(0), row.text(1), row.number(2), {}};
  if (!row.is_null(3)) function.reserved = row.number(3);
  return function;
}

void insert_function(Database& database, const FunctionRecord& function) {
  database.prepare("INSERT INTO functions (name, id, next_version) VALUES (?, ?, ?)")
      .bind(function.name)
      .bind(function.id)
      .bind(function.next_version)
      .run();
}

void delete_function(Database& database, std::string_view name) {
  database.prepare("DELETE FROM functions WHERE name = ?").bind(name).run();
}

void set_reserved(Database& database, std::string_view name, std::optional<std::int64_t> reserved) {
  database.prepare("UPDATE functions SET reserved = ? WHERE name = ?")
      .bind_or_null(reserved)
      .bind(name)
      .run();
}

std::int64_t reserved_total(Database& database, std::string_view except) {
  auto row = database.prepare("SELECT coalesce(sum(reserved), 0) FROM functions WHERE name <> ?");
  return row.bind(except).next() ? row.number(0) : 0;
}

std::int64_t count_functions(Database& database) {
  auto row = database.prepare("SELECT count(*) FROM functions");
  return row.next() ? row.number(0) : 0;
}

std::int64_t take_version_number(Database& database, std::string_view name) {
  auto row = database.prepare(
      "UPDATE functions SET next_version = next_version + 1 WHERE name = ? RETURNING next_version - 1");
  const auto number = row.bind(name).next() ? row.number(0) : 0;
  row.next();  // to the end, so that the change is carried out
  return number;
}

std::optional<VersionRecord> find_version(Database& database, std::string_view function,
                                          std::string_view version) {
  auto row = database.prepare("SELECT " VERSION_COLUMNS " FROM versions WHERE function = ? AND number = ?");
  if (!row.bind(function).bind(version_number(version)).next()) return std::nullopt;
  return read_version(row);
}

std::optional<VersionRecord> find_newest_version(Database& database, std::string_view function) {
  auto row =
      database.prepare("SELECT " VERSION_COLUMNS
                       " FROM versions WHERE function = ? AND number > 0 ORDER BY number DESC LIMIT 1");
  if (!row.bind(function).next()) return std::nullopt;
  return read_version(row);
}

void put_version(Database& database, const VersionRecord& record) {
  std::optional<std::string> live;
  if (record.live) live = to_stored(*record.live);
  database
      .prepare("INSERT OR REPLACE INTO versions (" VERSION_COLUMNS
               ", number) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
      .bind(record.function)
      .bind(record.version)
      .bind(to_stored(record.config))
      .bind_or_null(live)
      .bind(to_string(record.phase))
      .bind(record.reason)
      .bind(record.revision)
      .bind(record.changed_ms)
      .bind(version_number(record.version))
      .run();
}

void delete_version(Database& database, std::string_view function, std::string_view version) {
  database.prepare("DELETE FROM versions WHERE function = ? AND number = ?")
      .bind(function)
      .bind(version_number(version))
      .run();
}

std::string renew_revision(Database& database, std::string_view function, std::string_view version) {
  auto revision = random_uuid();
  database
      .prepare(
          "UPDATE versions SET revision = ? WHERE function = ? AND number = ? AND phase NOT IN "
          "('creating', 'updating')")
      .bind(revision)
      .bind(function)
      .bind(version_number(version))
      .run();
  return revision;
}

std::vector<VersionRecord> list_latest(Database& database, std::string_view after, std::size_t most) {
  auto rows = database.prepare("SELECT " VERSION_COLUMNS
                               " FROM versions WHERE function > ? AND number = 0 ORDER BY function LIMIT ?");
  return read_versions(rows.bind(after).bind(limit(most)));
}

std::vector<VersionRecord> list_all_versions(Database& database, const VersionCursor& after,
                                             std::size_t most) {
  auto rows =
      database.prepare("SELECT " VERSION_COLUMNS
                       " FROM versions WHERE (function, number) > (?, ?) ORDER BY function, number LIMIT ?");
  return read_versions(rows.bind(after.function).bind(after.number).bind(limit(most)));
}

std::vector<VersionRecord> list_versions(Database& database, std::string_view function, std::int64_t after,
                                         std::size_t most) {
  auto rows = database.prepare("SELECT " VERSION_COLUMNS
                               " FROM versions WHERE function = ? AND number > ? ORDER BY number LIMIT ?");
  return read_versions(rows.bind(function).bind(after).bind(limit(most)));
}

std::vector<VersionRecord> list_changing(Database& database) {
  auto rows =
      database.prepare("SELECT " VERSION_COLUMNS " FROM versions WHERE phase IN ('creating', 'updating')");
  return read_versions(rows);
}

}  // namespace lambdapool::local
