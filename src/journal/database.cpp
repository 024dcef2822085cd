#include "journal/database.hpp"

namespace lambdapool::journal {
namespace {

// items.position is null where the item is no longer the user's: its result waits for the same bytes to come.
constexpr const char* schema = R"sql(
CREATE TABLE run (
  id INTEGER PRIMARY KEY CHECK (id = 1), function TEXT NOT NULL, code TEXT NOT NULL,
  created INTEGER NOT NULL, updated INTEGER NOT NULL, items INTEGER,
  calls INTEGER NOT NULL DEFAULT 0, billed_ms REAL NOT NULL DEFAULT 0, gb_seconds REAL NOT NULL DEFAULT 0
);
CREATE TABLE items (
  id INTEGER PRIMARY KEY, position INTEGER UNIQUE, digest BLOB NOT NULL, state INTEGER NOT NULL DEFAULT 0,
  result BLOB
);
CREATE INDEX left_over ON items (digest, state) WHERE position IS NULL;
)sql";
// Before, a run was priced when somebody looked at it, by this machine's architecture: most often x86_64's.
constexpr const char* cost = R"sql(
ALTER TABLE run ADD COLUMN cost REAL NOT NULL DEFAULT 0;
UPDATE run SET cost = calls * 2e-7 + gb_seconds * 1.66667e-5;
)sql";
constexpr const char* steps[] = {schema, cost};

}  // namespace

Result<std::unique_ptr<Database>> open_database(const std::filesystem::path& run, Database::Mode mode) {
  return Database::open(run / "journal.db", mode, steps,
                        {"lambdapool", "the journal ", "delete the run",
                         "choose another directory with LAMBDAPOOL_RUNS", "delete the run"});
}

}  // namespace lambdapool::journal
