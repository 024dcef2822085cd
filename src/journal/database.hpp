// A run's SQLite database, as far as a journal needs it.
//
// The first error is kept: statements after it find nothing and change nothing, a transaction does not
// commit, and whoever runs an operation asks take_error() once at its end.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/error.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace lambdapool::journal {

class Database;

// A prepared statement on loan: reset when it goes out of scope.
class Statement {
 public:
  Statement(Database& database, sqlite3_stmt* statement) : database_(database), statement_(statement) {}
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& bind(std::int64_t number);
  Statement& bind_bytes(std::string_view bytes);  // which outlive the statement
  bool next();                                    // to the next row; false at the end or after an error
  void run() { next(); }

  std::int64_t number(int column) const;
  double real(int column) const;
  bool is_null(int column) const;
  std::string_view bytes(int column) const;  // valid until the next row

 private:
  Database& database_;
  sqlite3_stmt* statement_;  // null after an error
  int bound_ = 0;
};

class Database {
 public:
  enum class Mode { write, read };
  // `write`: makes the file, and its tables by `schema`, where they are not there yet. Errors, kind io: not
  // readable or writable, not a database, or made by a newer lambdapool.
  static Result<std::unique_ptr<Database>> open(const std::filesystem::path& file, Mode mode,
                                                const char* schema, std::int64_t version);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  Statement prepare(std::string_view sql);  // `sql` must be a literal: statements are kept by it
  std::optional<Error> take_error();
  bool failed() const { return error_.has_value(); }

 private:
  friend class Statement;
  friend class Transaction;
  explicit Database(std::filesystem::path file) : file_(std::move(file)) {}
  bool execute(const char* sql);
  Result<void> set_up(Mode mode, const char* schema, std::int64_t version);
  void note_error();

  std::filesystem::path file_;
  sqlite3* handle_ = nullptr;
  std::map<const void*, sqlite3_stmt*> statements_;
  std::optional<Error> error_;
};

// Rolled back unless committed.
class Transaction {
 public:
  explicit Transaction(Database& database);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  Result<void> commit();

 private:
  Database& database_;
  bool open_;
};

}  // namespace lambdapool::journal
