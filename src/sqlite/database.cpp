#include "sqlite/database.hpp"

#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>
#include <utility>

namespace lambdapool::sqlite {
namespace {

constexpr std::chrono::milliseconds patience{10'000};  // with another process's lock
constexpr std::uint64_t room_bytes = 256u << 10;       // some pages, each written to the WAL and then copied

bool execute(sqlite3* handle, const char* sql) {
  return sqlite3_exec(handle, sql, nullptr, nullptr, nullptr) == SQLITE_OK;
}

// SQLite makes files as the umask says, and those beside this one with its modes. The file is closed before
// it has its name: closing one that a connection of this process has open would end that one's locks.
void create_private(const std::filesystem::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) == 0) return;
  std::string fresh = file.string() + "-XXXXXX";
  const int made = ::mkstemp(fresh.data());  // with 0600
  if (made < 0) return;                      // SQLite tells better what is wrong
  ::close(made);
  ::link(fresh.c_str(), file.c_str());  // fails where somebody else was faster
  ::unlink(fresh.c_str());
}

std::optional<std::size_t> user_version(sqlite3* handle) {
  sqlite3_stmt* statement = nullptr;
  std::optional<std::size_t> version;
  if (sqlite3_prepare_v2(handle, "PRAGMA user_version", -1, &statement, nullptr) == SQLITE_OK &&
      sqlite3_step(statement) == SQLITE_ROW) {
    version = static_cast<std::size_t>(sqlite3_column_int64(statement, 0));
  }
  sqlite3_finalize(statement);
  return version;
}

// SQLite waits for every lock but this one: of two connections that turn a new file into a WAL database at
// once, one is told "busy" without a wait, since each holds the read lock that the other waits for.
bool use_wal(sqlite3* handle) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!execute(handle, "PRAGMA journal_mode=WAL")) {
    if (sqlite3_errcode(handle) != SQLITE_BUSY || std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

// SQLite tells a disk that is full as an I/O error where the file beside the database did not fit.
bool is_full(int code, int system_error, const std::filesystem::path& file) {
  if (code == SQLITE_FULL) return true;
  if (code != SQLITE_IOERR && code != SQLITE_CANTOPEN) return false;
  if (system_error == ENOSPC || system_error == EDQUOT) return true;
  struct statvfs disk {};
  return ::statvfs(file.parent_path().c_str(), &disk) == 0 && disk.f_bavail == 0;
}

// Whether one of its files has met the limit of this process (ulimit -f). SQLite keeps only the last errno.
bool is_at_file_limit(const std::filesystem::path& file) {
  constexpr std::uintmax_t step = 64u << 10;  // more than it lets any of them grow at a time
  rlimit limit{};
  if (::getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return false;
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
    std::error_code missing;
    const auto size = std::filesystem::file_size(file.string() + suffix, missing);
    if (!missing && size + step > limit.rlim_cur) return true;
  }
  return false;
}

std::string advice(int code, const std::filesystem::path& file, const Owner& owner) {
  if (code == SQLITE_IOERR && is_at_file_limit(file)) return "; " + system_reason(EFBIG);
  if (code == SQLITE_NOTADB || code == SQLITE_CORRUPT) {
    return "; it is damaged or not a database: " + owner.if_damaged;
  }
  if (code == SQLITE_CANTOPEN || code == SQLITE_READONLY || code == SQLITE_PERM) {
    return "; make it writable, or " + owner.if_unreachable;
  }
  if (code == SQLITE_BUSY) return "; another process has kept it locked for 10 seconds";
  return "";
}

}  // namespace

Statement::~Statement() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

Statement& Statement::bind(std::string_view text) {
  ++bound_;
  if (statement_ != nullptr) {
    sqlite3_bind_text64(statement_, bound_, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  }
  return *this;
}

Statement& Statement::bind(std::int64_t number) {
  ++bound_;
  if (statement_ != nullptr) sqlite3_bind_int64(statement_, bound_, number);
  return *this;
}

Statement& Statement::bind_real(double number) {
  ++bound_;
  if (statement_ != nullptr) sqlite3_bind_double(statement_, bound_, number);
  return *this;
}

Statement& Statement::bind_bytes(std::string_view bytes) {
  ++bound_;
  const char* data = bytes.empty() ? "" : bytes.data();  // null would be SQL's NULL
  if (statement_ != nullptr) sqlite3_bind_blob64(statement_, bound_, data, bytes.size(), SQLITE_STATIC);
  return *this;
}

Statement& Statement::bind_or_null(const std::optional<std::string>& text) {
  if (text) return bind(std::string_view(*text));
  ++bound_;
  return *this;
}

Statement& Statement::bind_or_null(std::optional<std::int64_t> number) {
  if (number) return bind(*number);
  ++bound_;
  return *this;
}

bool Statement::next() {
  if (statement_ == nullptr || database_.failed()) return false;
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) database_.note_error();
  return false;
}

std::string Statement::text(int column) const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  if (bytes == nullptr) return {};
  return std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
}

std::string_view Statement::bytes(int column) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  if (data == nullptr) return {};
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

std::int64_t Statement::number(int column) const { return sqlite3_column_int64(statement_, column); }

double Statement::real(int column) const { return sqlite3_column_double(statement_, column); }

bool Statement::is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

Result<std::unique_ptr<Database>> Database::open(const std::filesystem::path& file, Mode mode, Schema schema,
                                                 Owner owner) {
  std::unique_ptr<Database> database(new Database(file, mode, schema, std::move(owner)));
  if (auto connected = database->connect(); !connected) return tl::unexpected(connected.error());
  return database;
}

Database::~Database() { close(); }

Result<void> Database::connect() {
  if (const auto bytes = file_.string().size(); bytes > path_bytes_max)
    return fail(ErrorKind::io, owner_.user + " cannot use " + owner_.thing + file_.string() +
                                   ": its path has " + std::to_string(bytes) +
                                   " bytes, and SQLite takes at most " + std::to_string(path_bytes_max) +
                                   "; " + owner_.if_unreachable);
  ++connections_;
  const int access = mode_ == Mode::write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
  if (mode_ == Mode::write) create_private(file_);
  Result<void> connected;
  if (sqlite3_open_v2(file_.c_str(), &handle_, access | SQLITE_OPEN_NOMUTEX, nullptr) == SQLITE_OK) {
    connected = set_up();
  } else {
    note_error();
    connected = tl::unexpected(*take_error());
  }
  if (!connected) close();
  return connected;
}

void Database::close() {
  for (auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  statements_.clear();
  sqlite3_close(std::exchange(handle_, nullptr));
}

// The last connection would copy the WAL into the file, which takes time and is not asked for.
void Database::disconnect() {
  if (handle_ == nullptr) return;
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  close();
}

Result<void> Database::set_up() {
  sqlite3_busy_timeout(handle_, static_cast<int>(patience.count()));
  const auto version = mode_ == Mode::write ? bring_up_to_date() : user_version(handle_);
  if (!version) {
    note_error();
    return tl::unexpected(*take_error());
  }
  if (*version == schema_.size()) return {};
  if (*version < schema_.size()) {
    return fail(ErrorKind::io, file_.string() + " is of an older lambdapool, or has not been written to yet");
  }
  return fail(ErrorKind::io, file_.string() + " was made by a newer lambdapool (schema " +
                                 std::to_string(*version) + ", this one knows " +
                                 std::to_string(schema_.size()) + "); update lambdapool, or " +
                                 owner_.if_newer);
}

// What is committed outlives the end of this process at any moment; a power failure may take the last
// transactions back, and leaves the file whole. nullopt: SQLite has the error.
std::optional<std::size_t> Database::bring_up_to_date() {
  if (!use_wal(handle_) || !execute(handle_, "PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON")) return {};
  auto version = user_version(handle_);
  if (!version || *version >= schema_.size()) return version;
  // Two processes may both find a new or an old file; the second one looks again once it has the lock.
  if (!execute(handle_, "BEGIN IMMEDIATE")) return {};
  version = user_version(handle_);
  if (!version) return {};
  for (; *version < schema_.size(); ++*version) {
    if (!execute(handle_, schema_[*version])) return {};
    if (!execute(handle_, ("PRAGMA user_version=" + std::to_string(*version + 1)).c_str())) return {};
  }
  return execute(handle_, "COMMIT") ? version : std::nullopt;
}

Statement Database::prepare(std::string_view sql) {
  if (handle_ == nullptr && !failed()) {
    if (auto connected = connect(); !connected) error_ = std::move(connected.error());
  }
  auto& statement = statements_[sql.data()];
  if (statement == nullptr && !failed() &&
      sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                         &statement, nullptr) != SQLITE_OK) {
    note_error();
  }
  return Statement(*this, failed() ? nullptr : statement);
}

std::int64_t Database::changes() const { return sqlite3_changes64(handle_); }

std::int64_t Database::data_version() {
  auto statement = prepare("PRAGMA data_version");
  return statement.next() ? (connections_ << 32) + statement.number(0) : 0;
}

Error Database::full() const {
  return {ErrorKind::io, owner_.user + " cannot write " + owner_.thing + file_.string() +
                             ": the disk is full; free some of it, or " + owner_.if_unreachable};
}

void Database::expect_room() {
  struct statvfs disk {};
  const bool known = ::statvfs(file_.parent_path().c_str(), &disk) == 0;
  if (!error_ && known && disk.f_bavail * disk.f_frsize < room_bytes) error_ = full();
}

void Database::note_error() {
  if (error_) return;
  const int code = sqlite3_errcode(handle_);
  if (is_full(code, sqlite3_system_errno(handle_), file_)) {
    error_ = full();
    return;
  }
  error_ = Error{ErrorKind::io, owner_.user + " cannot use " + owner_.thing + file_.string() + ": " +
                                    sqlite3_errmsg(handle_) + advice(code, file_, owner_)};
}

std::optional<Error> Database::take_error() { return std::exchange(error_, std::nullopt); }

Result<void> Database::outcome() {
  if (auto error = take_error()) return tl::unexpected(std::move(*error));
  return {};
}

Transaction::Transaction(Database& database) : database_(database) {
  database_.prepare("BEGIN IMMEDIATE").run();
  open_ = !database_.failed();
}

Transaction::~Transaction() {
  if (!open_) return;
  auto error = database_.take_error();  // so that the rollback itself is carried out
  database_.prepare("ROLLBACK").run();
  database_.take_error();
  if (error) database_.restore_error(std::move(*error));
}

void Transaction::commit() {
  if (!open_ || database_.failed()) return;
  database_.prepare("COMMIT").run();
  open_ = database_.failed();
}

}  // namespace lambdapool::sqlite
