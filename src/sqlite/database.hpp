// One connection to a SQLite database of ours, whose files are their owner's alone.
//
// Errors while reading or writing (a full disk, a broken file) are kept by the connection instead of being
// returned by each statement: a statement after an error finds nothing and changes nothing, a transaction
// does not commit, and whoever runs an operation asks take_error() once at its end.
//
// Several threads and several processes use the same file, each through connections of its own: WAL lets
// readers go on beside a writer, and whatever decides and then writes does so in one immediate transaction.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/error.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace lambdapool::sqlite {

// Of a database's file: SQLite's 512, less what it appends to the name ("-journal").
constexpr std::size_t path_bytes_max = 504;

class Database;

// A prepared statement on loan: reset when it goes out of scope.
class Statement {
 public:
  Statement(Database& database, sqlite3_stmt* statement) : database_(database), statement_(statement) {}
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& bind(std::string_view text);
  Statement& bind(std::int64_t number);
  Statement& bind_real(double number);
  Statement& bind_bytes(std::string_view bytes);  // which outlive the statement
  Statement& bind_or_null(const std::optional<std::string>& text);
  Statement& bind_or_null(std::optional<std::int64_t> number);
  bool next();  // to the next row; false at the end or after an error
  void run() { next(); }

  std::string text(int column) const;
  std::string_view bytes(int column) const;  // valid until the next row
  std::int64_t number(int column) const;
  double real(int column) const;
  bool is_null(int column) const;

 private:
  Database& database_;
  sqlite3_stmt* statement_;  // null after an error
  int bound_ = 0;
};

// Whose database it is, for errors.
struct Owner {
  std::string user;            // "The local Lambda", which cannot use
  std::string thing;           // "" or "the journal ", in front of the file
  std::string if_damaged;      // what to do: "move it away to start afresh"
  std::string if_unreachable;  // "choose another directory with LAMBDAPOOL_HOME"
  std::string if_newer;        // the same, or another
};

// The version of a file's schema is the number of steps that it has taken; a new file takes all.
using Schema = std::span<const char* const>;

class Database {
 public:
  // `write` makes the file, and takes the steps that it lacks. Errors, kind io: not readable or writable, not
  // a database, or made by a newer lambdapool; each names the file and what to do.
  enum class Mode { write, read };
  static Result<std::unique_ptr<Database>> open(const std::filesystem::path& file, Mode mode, Schema schema,
                                                Owner owner);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  Statement prepare(std::string_view sql);  // `sql` must be a literal: statements are kept by it
  std::int64_t changes() const;             // rows changed by the last statement

  // Differs from before whenever another connection (of any process) has committed a change, and after
  // disconnect().
  std::int64_t data_version();

  // Closes the file until the next statement, so that a fork does not copy what SQLite knows of its locks.
  // While no statement is on loan.
  void disconnect();

  // Fails as a full disk does where there is no room for some writes: for what must be followed by another.
  void expect_room();

  std::optional<Error> take_error();
  Result<void> outcome();  // what take_error() gives
  void restore_error(Error error) { error_ = std::move(error); }
  bool failed() const { return error_.has_value(); }

 private:
  friend class Statement;
  Database(std::filesystem::path file, Mode mode, Schema schema, Owner owner)
      : file_(std::move(file)), mode_(mode), schema_(schema), owner_(std::move(owner)) {}
  Result<void> connect();
  Result<void> set_up();
  std::optional<std::size_t> bring_up_to_date();
  void close();
  void note_error();
  Error full() const;

  const std::filesystem::path file_;
  const Mode mode_;
  const Schema schema_;
  const Owner owner_;
  sqlite3* handle_ = nullptr;     // null while disconnected
  std::int64_t connections_ = 0;  // made until now
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
  void commit();

 private:
  Database& database_;
  bool open_ = true;
};

}  // namespace lambdapool::sqlite
