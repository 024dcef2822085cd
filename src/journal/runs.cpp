#include "journal/runs.hpp"

#include <algorithm>

#include "journal/directory.hpp"
#include "journal/run.hpp"

namespace lambdapool::journal {
namespace fs = std::filesystem;
namespace {

Result<void> check_there(const fs::path& runs, const std::string& name) {
  if (auto fits = check_name(name); !fits) return fits;
  std::error_code ignored;
  if (fs::is_directory(runs / name, ignored)) return {};
  return fail(ErrorKind::not_found, "there is no run '" + name + "' in " + runs.string());
}

std::uintmax_t bytes_in(const fs::path& directory) {
  std::uintmax_t bytes = 0;
  std::error_code ignored;
  for (const auto& file : fs::recursive_directory_iterator(directory, ignored))
    if (file.is_regular_file(ignored)) bytes += file.file_size(ignored);
  return bytes;
}

void read(Database& database, Summary& summary) {
  {
    auto run = database.prepare(
        "SELECT function, code, created, updated, items, calls, billed_ms, gb_seconds, cost FROM run");
    if (run.next()) {
      summary.function = run.bytes(0);
      summary.code = run.bytes(1);
      summary.created_s = run.number(2);
      summary.updated_s = run.number(3);
      if (!run.is_null(4)) summary.items = run.number(4);
      summary.calls = run.number(5);
      summary.billed_ms = run.real(6);
      summary.gb_seconds = run.real(7);
      summary.cost = run.real(8);
    }
  }
  {
    auto counts = database.prepare(
        "SELECT count(*), coalesce(sum(state = 2), 0) FROM items WHERE position IS NOT NULL");
    if (counts.next()) summary.known = counts.number(0), summary.done = counts.number(1);
  }
  auto doubt = database.prepare(
      "SELECT position FROM items WHERE state = 1 AND position IS NOT NULL ORDER BY position");
  while (doubt.next()) summary.in_doubt.push_back(doubt.number(0));
}

Summary summary_of(const fs::path& directory) {
  Summary summary{directory.filename().string()};
  summary.under_way = Lock::is_taken(directory / "lock");
  summary.bytes = bytes_in(directory);
  auto database = open_database(directory, Database::Mode::read);
  if (!database && fs::exists(directory / "journal.db"))  // perhaps of an older lambdapool
    database = open_database(directory, Database::Mode::write);
  if (!database) {
    summary.broken = database.error().message;
    return summary;
  }
  read(**database, summary);
  if (const auto error = (*database)->take_error()) summary.broken = error->message;
  return summary;
}

}  // namespace

std::string in_words(const std::vector<std::int64_t>& positions, std::size_t ranges_max) {
  std::string text;
  std::size_t ranges = 0;
  for (std::size_t first = 0, last = 0; first < positions.size(); first = ++last) {
    if (!text.empty()) text += ", ";
    if (++ranges > ranges_max) return text + "...";
    while (last + 1 < positions.size() && positions[last + 1] == positions[last] + 1) ++last;
    text += std::to_string(positions[first]);
    if (last > first) text += (last == first + 1 ? ", " : " to ") + std::to_string(positions[last]);
  }
  return text;
}

Result<std::vector<Summary>> list_runs(const fs::path& runs) {
  std::vector<Summary> found;
  std::error_code failed;
  if (!fs::exists(runs, failed)) return found;
  for (const auto& entry : fs::directory_iterator(runs, failed))
    if (entry.is_directory() && check_name(entry.path().filename().string()))
      found.push_back(summary_of(entry.path()));
  if (failed) return fail(ErrorKind::io, runs.string() + " cannot be read: " + failed.message());
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return found;
}

Result<Summary> show_run(const fs::path& runs, const std::string& name) {
  if (auto there = check_there(runs, name); !there) return tl::unexpected(there.error());
  return summary_of(runs / name);
}

Result<void> delete_run(const fs::path& runs, const std::string& name) {
  if (auto there = check_there(runs, name); !there) return there;
  const auto lock = Lock::take(runs / name / "lock", name);
  if (!lock) return tl::unexpected(lock.error());
  std::error_code failed;
  fs::remove_all(runs / name, failed);
  if (failed) return fail(ErrorKind::io, (runs / name).string() + " cannot be deleted: " + failed.message());
  return {};
}

}  // namespace lambdapool::journal
