// The home's SQLite database, and its schema.
#pragma once

#include <filesystem>
#include <memory>

#include "core/error.hpp"
#include "sqlite/database.hpp"

namespace lambdapool::local {

using sqlite::Database;
using sqlite::Statement;
using sqlite::Transaction;

// Opens `home`/lambdapool.db, creating or migrating its schema. Errors: those of Database::open.
Result<std::unique_ptr<Database>> open_database(const std::filesystem::path& home);

}  // namespace lambdapool::local
