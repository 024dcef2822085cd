#include "journal/database.hpp"

#include <sqlite3.h>

#include <utility>

namespace lambdapool::journal {
namespace {

constexpr int patience_ms = 10'000;  // with another process's lock

}  // namespace

Statement::~Statement() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

Statement& Statement::bind(std::int64_t number) {
  ++bound_;
  if (statement_ != nullptr) sqlite3_bind_int64(statement_, bound_, number);
  return *this;
}

Statement& Statement::bind_bytes(std::string_view bytes) {
  ++bound_;
  const char* data = bytes.empty() ? "" : bytes.data();  // null would be SQL's NULL
  if (statement_ != nullptr) sqlite3_bind_blob64(statement_, bound_, data, bytes.size(), SQLITE_STATIC);
  return *this;
}

bool Statement::next() {
  if (statement_ == nullptr || database_.failed()) return false;
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) database_.note_error();
  return false;
}

std::int64_t Statement::number(int column) const { return sqlite3_column_int64(statement_, column); }

double Statement::real(int column) const { return sqlite3_column_double(statement_, column); }

bool Statement::is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

std::string_view Statement::bytes(int column) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  if (data == nullptr) return {};
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

Result<std::unique_ptr<Database>> Database::open(const std::filesystem::path& file, Mode mode,
                                                 const char* schema, std::int64_t version) {
  std::unique_ptr<Database> database(new Database(file));
  const int access = mode == Mode::write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
  if (sqlite3_open_v2(file.c_str(), &database->handle_, access | SQLITE_OPEN_NOMUTEX, nullptr) != SQLITE_OK)
    database->note_error();
  if (auto ready = database->set_up(mode, schema, version); !ready) return tl::unexpected(ready.error());
  return database;
}

Database::~Database() {
  for (auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close(handle_);
}

bool Database::execute(const char* sql) {
  if (failed()) return false;
  if (sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) == SQLITE_OK) return true;
  note_error();
  return false;
}

Result<void> Database::set_up(Mode mode, const char* schema, std::int64_t version) {
  if (!failed()) sqlite3_busy_timeout(handle_, patience_ms);
  // What is committed outlives the end of this process at any moment; a power failure may take the last
  // transactions back, and leaves the file whole.
  if (mode == Mode::write) execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL");
  std::int64_t found = 0;
  {
    auto statement = prepare("PRAGMA user_version");
    if (statement.next()) found = statement.number(0);
  }
  if (found == 0 && mode == Mode::write) {
    Transaction transaction(*this);
    if (execute(schema)) execute(("PRAGMA user_version=" + std::to_string(version)).c_str());
    if (auto done = transaction.commit(); !done) return done;
    return {};
  }
  if (auto error = take_error()) return tl::unexpected(*error);
  if (found != version)
    return fail(ErrorKind::io, file_.string() +
                                   " is no journal that this lambdapool can read; update lambdapool, or "
                                   "delete the run");
  return {};
}

Statement Database::prepare(std::string_view sql) {
  if (failed()) return Statement(*this, nullptr);
  auto& statement = statements_[sql.data()];
  if (statement == nullptr && sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()),
                                                 SQLITE_PREPARE_PERSISTENT, &statement, nullptr) != SQLITE_OK)
    note_error();
  return Statement(*this, failed() ? nullptr : statement);
}

void Database::note_error() {
  if (error_) return;
  const int code = sqlite3_errcode(handle_);
  std::string advice;
  if (code == SQLITE_NOTADB || code == SQLITE_CORRUPT) advice = "; it is damaged: delete the run";
  if (code == SQLITE_FULL || code == SQLITE_IOERR) advice = "; see whether the disk is full";
  if (code == SQLITE_CANTOPEN || code == SQLITE_READONLY || code == SQLITE_PERM)
    advice = "; make it writable, or choose another directory with LAMBDAPOOL_RUNS";
  error_ = Error{ErrorKind::io, "the journal " + file_.string() + ": " + sqlite3_errmsg(handle_) + advice};
}

std::optional<Error> Database::take_error() { return std::exchange(error_, std::nullopt); }

Transaction::Transaction(Database& database) : database_(database) {
  database_.prepare("BEGIN IMMEDIATE").run();
  open_ = !database_.failed();
}

Transaction::~Transaction() {
  if (!open_) return;
  auto error = database_.take_error();  // so that the rollback itself is carried out
  database_.prepare("ROLLBACK").run();
  database_.take_error();
  database_.error_ = std::move(error);
}

Result<void> Transaction::commit() {
  if (open_ && !database_.failed()) {
    database_.prepare("COMMIT").run();
    open_ = database_.failed();
  }
  if (!database_.failed()) return {};
  Error error = *database_.take_error();
  if (std::exchange(open_, false)) {
    database_.prepare("ROLLBACK").run();
    database_.take_error();
  }
  return tl::unexpected(std::move(error));
}

}  // namespace lambdapool::journal
