// A run's SQLite database, and its schema.
#pragma once

#include <filesystem>
#include <memory>

#include "core/error.hpp"
#include "sqlite/database.hpp"

namespace lambdapool::journal {

using sqlite::Database;
using sqlite::Transaction;

// The database of the run in this directory. Errors: those of Database::open.
Result<std::unique_ptr<Database>> open_database(const std::filesystem::path& run, Database::Mode mode);

}  // namespace lambdapool::journal
