#include "local/store/database.hpp"

namespace lambdapool::local {
namespace {

// versions.config is what the control plane shows; versions.live is what invocations run: null until a
// function is Active, and the state before an update while that is InProgress.
constexpr const char* first_schema = R"sql(
CREATE TABLE functions (
  name TEXT PRIMARY KEY, id TEXT NOT NULL, next_version INTEGER NOT NULL DEFAULT 1, reserved INTEGER
) WITHOUT ROWID;
CREATE TABLE versions (
  function TEXT NOT NULL REFERENCES functions(name) ON DELETE CASCADE,
  version TEXT NOT NULL, number INTEGER NOT NULL,
  config TEXT NOT NULL, live TEXT, phase TEXT NOT NULL, reason TEXT NOT NULL DEFAULT '',
  revision TEXT NOT NULL, changed_ms INTEGER NOT NULL,
  PRIMARY KEY (function, number)
) WITHOUT ROWID;
CREATE TABLE aliases (
  function TEXT NOT NULL REFERENCES functions(name) ON DELETE CASCADE,
  name TEXT NOT NULL, version TEXT NOT NULL, description TEXT NOT NULL,
  second_version TEXT NOT NULL DEFAULT '', second_weight REAL NOT NULL DEFAULT 0,
  revision TEXT NOT NULL,
  PRIMARY KEY (function, name)
) WITHOUT ROWID;
CREATE TABLE tags (
  function TEXT NOT NULL REFERENCES functions(name) ON DELETE CASCADE,
  key TEXT NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (function, key)
) WITHOUT ROWID;
CREATE TABLE layers (name TEXT PRIMARY KEY, next_version INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE layer_versions (
  layer TEXT NOT NULL REFERENCES layers(name), version INTEGER NOT NULL, content TEXT NOT NULL,
  PRIMARY KEY (layer, version)
) WITHOUT ROWID;
)sql";

// Since version 2.
constexpr const char* settings_schema = R"sql(
CREATE TABLE settings (
  function TEXT NOT NULL REFERENCES functions(name) ON DELETE CASCADE,
  kind TEXT NOT NULL, qualifier TEXT NOT NULL, content TEXT NOT NULL,
  PRIMARY KEY (function, kind, qualifier)
) WITHOUT ROWID;
)sql";

// Since version 3.
constexpr const char* roles_schema = R"sql(
CREATE TABLE roles (name TEXT PRIMARY KEY, content TEXT NOT NULL) WITHOUT ROWID;
)sql";

constexpr const char* steps[] = {first_schema, settings_schema, roles_schema};

}  // namespace

Result<std::unique_ptr<Database>> open_database(const std::filesystem::path& home) {
  const std::string elsewhere = "choose another directory with LAMBDAPOOL_HOME";
  return Database::open(home / "lambdapool.db", Database::Mode::write, steps,
                        {"The local Lambda", "", "move it away to start afresh", elsewhere, elsewhere});
}

}  // namespace lambdapool::local
