#include "journal/run.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

#include "core/write_all.hpp"
#include "journal/runs.hpp"

namespace lambdapool::journal {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t in_database_max = 256 * 1024;  // a larger result has a file of its own
constexpr std::size_t named_max = 8;                 // ranges of positions that an error lists

tl::unexpected<Error> changed(const std::string& what) {
  return fail(ErrorKind::run, what +
                                  "; on_change says what then: \"restart\" drops all results, \"keep\" keeps "
                                  "those of items whose bytes are the same");
}

std::string listed(const std::vector<Position>& items) {
  return (items.size() == 1 ? "item " : "items ") + in_words(items, named_max);
}

std::string counted(std::size_t items) { return std::to_string(items) + (items == 1 ? " item" : " items"); }

}  // namespace

RunJournal::RunJournal(std::string name, fs::path directory, Lock lock, std::unique_ptr<Database> database,
                       Opening opening)
    : name_(std::move(name)),
      directory_(std::move(directory)),
      lock_(std::move(lock)),
      database_(std::move(database)),
      opening_(std::move(opening)) {}

Result<std::unique_ptr<RunJournal>> RunJournal::open(const fs::path& runs, const std::string& name,
                                                     Opening opening) {
  if (auto fits = check_name(name); !fits) return tl::unexpected(fits.error());
  const fs::path directory = runs / name;
  if (auto made = make_private_directory(directory / "results"); !made) return tl::unexpected(made.error());
  auto lock = Lock::take(directory / "lock", name);
  if (!lock) return tl::unexpected(lock.error());
  auto database = open_database(directory, Database::Mode::write);
  if (!database) return tl::unexpected(database.error());
  std::unique_ptr<RunJournal> run(
      new RunJournal(name, directory, std::move(*lock), std::move(*database), std::move(opening)));
  if (auto same = run->compare_code(); !same) return tl::unexpected(same.error());
  return run;
}

Result<void> RunJournal::compare_code() {
  Transaction transaction(*database_);
  std::string before;
  {
    auto known = database_->prepare("SELECT code FROM run");
    if (known.next()) before = known.bytes(0);
  }
  if (!before.empty() && before != opening_.code) {
    if (opening_.on_change == OnChange::error)
      return changed("the code of the run '" + name_ + "' has changed since its results were made");
    if (opening_.on_change == OnChange::restart) drop(0);
  }
  database_
      ->prepare(
          "INSERT INTO run (id, function, code, created, updated) VALUES (1, ?, ?, unixepoch(), unixepoch()) "
          "ON CONFLICT DO UPDATE SET function = excluded.function, code = excluded.code, "
          "updated = excluded.updated")
      .bind_bytes(opening_.function)
      .bind_bytes(opening_.code)
      .run();
  transaction.commit();
  return database_->outcome();
}

Result<std::vector<State>> RunJournal::claim(Position first, const std::vector<std::string_view>& digests,
                                             Extent extent) {
  const std::lock_guard lock(mutex_);
  Transaction transaction(*database_);
  if (auto same = compare_items(first, digests, extent); !same) return tl::unexpected(same.error());
  auto found = states(first, digests.size());
  if (!found) return found;
  if (extent == Extent::whole)
    database_->prepare("UPDATE run SET items = ?").bind(static_cast<Position>(digests.size())).run();
  else
    database_->prepare("UPDATE run SET items = NULL WHERE items < ?")
        .bind(first + static_cast<Position>(digests.size()))
        .run();
  transaction.commit();
  if (auto error = database_->take_error()) return tl::unexpected(*error);
  return found;
}

Result<void> RunJournal::ended(Position items) {
  const std::lock_guard lock(mutex_);
  database_->prepare("UPDATE run SET items = ? WHERE NOT EXISTS (SELECT 1 FROM items WHERE position >= ?)")
      .bind(items)
      .bind(items)
      .run();
  if (auto error = database_->take_error()) return tl::unexpected(std::move(*error));
  return {};
}

// Afterwards each of them has its row.
Result<void> RunJournal::compare_items(Position first, const std::vector<std::string_view>& digests,
                                       Extent extent) {
  const auto count = static_cast<Position>(digests.size());
  Position known = 0, end = 0;
  std::vector<Position> others;
  {
    auto rows = database_->prepare(
        "SELECT position, digest FROM items WHERE position >= ? AND position < ? ORDER BY position");
    rows.bind(first).bind(first + count);
    for (; rows.next(); ++known)
      if (rows.bytes(1) != digests[static_cast<std::size_t>(rows.number(0) - first)])
        others.push_back(rows.number(0));
  }
  {
    auto last =
        database_->prepare("SELECT coalesce(max(position) + 1, 0), (SELECT items FROM run) FROM items");
    if (last.next()) end = last.is_null(1) ? last.number(0) : last.number(1);
  }
  // Of a list all were known from the start. An iterable may have been left in the middle.
  const bool has_ended = extent == Extent::whole && end > 0 && end != first + count;
  if (others.empty() && !has_ended && known == count) return {};
  if (!others.empty() || has_ended) {
    if (opening_.on_change == OnChange::error && !others.empty())
      return changed("the items of the run '" + name_ + "' have changed since it began: " + listed(others));
    if (opening_.on_change == OnChange::error)
      return changed("the run '" + name_ + "' began with " + counted(static_cast<std::size_t>(end)) +
                     ", and these are " + std::to_string(first + count));
    if (opening_.on_change == OnChange::restart)
      drop(first);
    else
      database_->prepare("UPDATE items SET position = NULL WHERE position >= ?").bind(first).run();
    known = 0;
  }
  if (known < count) take_over(first, digests);
  return {};
}

// Rows for those that have none: what is left over of the same bytes, else new ones.
void RunJournal::take_over(Position first, const std::vector<std::string_view>& digests) {
  bool left_over = false;
  {
    auto any = database_->prepare("SELECT 1 FROM items WHERE position IS NULL LIMIT 1");
    left_over = any.next();
  }
  for (std::size_t i = 0; i < digests.size(); ++i) {
    const Position position = first + static_cast<Position>(i);
    if (left_over)
      database_
          ->prepare(
              "UPDATE OR IGNORE items SET position = ?1 WHERE id = (SELECT id FROM items WHERE position IS "
              "NULL AND "
              "digest = ?2 ORDER BY state DESC LIMIT 1) AND NOT EXISTS (SELECT 1 FROM items WHERE position = "
              "?1)")
          .bind(position)
          .bind_bytes(digests[i])
          .run();
    database_->prepare("INSERT OR IGNORE INTO items (position, digest) VALUES (?, ?)")
        .bind(position)
        .bind_bytes(digests[i])
        .run();
  }
}

Result<std::vector<State>> RunJournal::states(Position first, std::size_t count) {
  std::vector<State> found;
  std::vector<Position> in_doubt;
  found.reserve(count);
  auto rows = database_->prepare(
      "SELECT state, position FROM items WHERE position >= ? AND position < ? ORDER BY position");
  rows.bind(first).bind(first + static_cast<Position>(count));
  while (rows.next()) {
    found.push_back(static_cast<State>(rows.number(0)));
    if (found.back() != State::sent) continue;
    in_doubt.push_back(rows.number(1));
    found.back() = State::missing;
  }
  if (auto error = database_->take_error()) return tl::unexpected(*error);
  LAMBDAPOOL_CHECK(found.size() == count);
  if (in_doubt.empty() || opening_.idempotent) return found;
  return fail(
      ErrorKind::run,
      "the program of the run '" + name_ + "' ended while " + counted(in_doubt.size()) +
          (in_doubt.size() == 1 ? " was" : " were") + " under way, and nobody knows whether " +
          (in_doubt.size() == 1 ? "it has" : "they have") + " run: " + listed(in_doubt) +
          "; where running twice does no harm, idempotent=True sends them again (nothing was sent now)");
}

void RunJournal::drop(Position from) {
  database_->prepare("DELETE FROM items WHERE position >= ? OR position IS NULL").bind(from).run();
  if (from > 0) return;
  database_->prepare("UPDATE run SET items = NULL, calls = 0, billed_ms = 0, gb_seconds = 0, cost = 0").run();
  std::error_code ignored;  // what stays is written over, or deleted with the run
  for (const auto& file : fs::directory_iterator(directory_ / "results", ignored))
    fs::remove(file.path(), ignored);
}

std::int64_t RunJournal::row_of(Position item) {
  auto row = database_->prepare("SELECT id FROM items WHERE position = ?");
  row.bind(item);
  return row.next() ? row.number(0) : -1;
}

fs::path RunJournal::file_of(std::int64_t row) const { return directory_ / "results" / std::to_string(row); }

Result<std::string> RunJournal::result(Position item) {
  const std::lock_guard lock(mutex_);
  std::int64_t id = -1;
  {
    auto row = database_->prepare("SELECT id, result FROM items WHERE position = ? AND state = 2");
    row.bind(item);
    if (row.next()) {
      if (!row.is_null(1)) return std::string(row.bytes(1));
      id = row.number(0);
    }
  }
  if (auto error = database_->take_error()) return tl::unexpected(*error);
  std::ifstream file(file_of(id), std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(file)), {});
  if (file.is_open() && !file.bad()) return bytes;
  return fail(ErrorKind::io, "the result of item " + std::to_string(item) + " of the run '" + name_ +
                                 "' cannot be read from " + file_of(id).string());
}

// The row says that it is done only once the file has its name.
Result<void> RunJournal::write_file(std::int64_t row, std::string_view bytes) const {
  const fs::path file = file_of(row), fresh = file.string() + ".part";
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const bool written = fd >= 0 && write_all(fd, bytes);
  const int reason = errno;
  if (fd >= 0) ::close(fd);
  if (written && std::rename(fresh.c_str(), file.c_str()) == 0) return {};
  return fail(ErrorKind::io, "a result of the run '" + name_ + "' cannot be written to " + fresh.string() +
                                 ": " + std::strerror(written ? errno : reason));
}

Result<void> RunJournal::set_state(const std::vector<Position>& items, State state) {
  const std::lock_guard lock(mutex_);
  Transaction transaction(*database_);
  for (const Position item : items)
    database_->prepare("UPDATE items SET state = ? WHERE position = ?")
        .bind(static_cast<std::int64_t>(state))
        .bind(item)
        .run();
  transaction.commit();
  return database_->outcome();
}

Result<void> RunJournal::sent(const std::vector<Position>& items) { return set_state(items, State::sent); }

Result<void> RunJournal::returned(const std::vector<Position>& items) {
  return set_state(items, State::missing);
}

Result<void> RunJournal::done(const std::vector<std::pair<Position, std::string_view>>& results) {
  const std::lock_guard lock(mutex_);
  Transaction transaction(*database_);
  for (const auto& [item, bytes] : results) {
    if (bytes.size() <= in_database_max) {
      database_->prepare("UPDATE items SET state = 2, result = ? WHERE position = ?")
          .bind_bytes(bytes)
          .bind(item)
          .run();
      continue;
    }
    if (auto written = write_file(row_of(item), bytes); !written) return written;
    database_->prepare("UPDATE items SET state = 2, result = NULL WHERE position = ?").bind(item).run();
  }
  database_->prepare("UPDATE run SET updated = unixepoch()").run();
  transaction.commit();
  return database_->outcome();
}

Result<void> RunJournal::took(const Billed& call) {
  const std::lock_guard lock(mutex_);
  database_
      ->prepare(
          "UPDATE run SET calls = calls + 1, billed_ms = billed_ms + ?1, "
          "gb_seconds = gb_seconds + ?1 * ?2 / 1024000.0, cost = cost + ?3")
      .bind_real(call.billed_ms)
      .bind(static_cast<std::int64_t>(call.memory_mb))
      .bind_real(call.cost)
      .run();
  return database_->outcome();
}

}  // namespace lambdapool::journal
