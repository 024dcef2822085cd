#include "local/worker/scratch.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "local/store/home.hpp"

namespace lambdapool::local {
namespace {

namespace fs = std::filesystem;

constexpr const char* lock_name = ".lambdapool-workers";

Descriptor open_lock(const fs::path& file, int flags) {
  return Descriptor(::open(file.c_str(), O_RDWR | O_CLOEXEC | flags, 0600));
}

void remove_abandoned(const fs::path& siblings, const fs::path& own) {
  std::error_code error;
  for (fs::directory_iterator entry(siblings, error), end; !error && entry != end; entry.increment(error)) {
    if (entry->path() == own) continue;
    const Descriptor lock = open_lock(entry->path() / lock_name, 0);
    if (!lock || ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) continue;
    std::error_code ignored;
    fs::remove_all(entry->path(), ignored);
  }
}

Result<void> merge_one(const fs::path& layer, const fs::path& into) {
  std::error_code error;
  for (fs::recursive_directory_iterator entry(layer, error), end; !error && entry != end;
       entry.increment(error)) {
    const fs::path target = into / entry->path().lexically_relative(layer);
    if (entry->is_directory(error) && !entry->is_symlink(error)) {
      error = make_private_directories(target);
      continue;
    }
    std::error_code absent, crossing;
    fs::remove(target, absent);
    if (!entry->is_symlink(error)) fs::create_hard_link(entry->path(), target, crossing);
    if (crossing || entry->is_symlink(error))
      fs::copy(entry->path(), target, fs::copy_options::copy_symlinks, error);
    if (error) break;
  }
  if (error)
    return fail(ErrorKind::io,
                "Could not merge the layer " + layer.string() + ": " + system_reason(error.value()));
  return {};
}

}  // namespace

Result<Scratch> Scratch::claim(const fs::path& path) {
  Scratch scratch;
  std::error_code error = make_private_directories(path);
  // Locked under another name first: a file of the lock's name that is not locked means abandoned.
  const fs::path fresh = path / ".claiming";
  scratch.lock_ = open_lock(fresh, O_CREAT);
  if (!scratch.lock_ || ::flock(scratch.lock_.get(), LOCK_EX | LOCK_NB) != 0) {
    return fail(ErrorKind::io,
                "Could not prepare the directory " + path.string() + " for workers: " + system_reason(errno));
  }
  fs::rename(fresh, path / lock_name, error);
  make_private_directories(path / "objects" / "data");  // which workers see: see supervisor/root.c
  scratch.path_ = path;
  remove_abandoned(path.parent_path(), path);
  return scratch;
}

void Scratch::remove() {
  if (!lock_) return;
  std::error_code ignored;
  fs::remove_all(path_, ignored);
  lock_.reset();
}

Result<fs::path> Scratch::make_tmp() {
  if (!spare_tmp_.empty()) return std::exchange(spare_tmp_, {});
  const fs::path path = path_ / ("tmp-" + std::to_string(next_++));
  if (::mkdir(path.c_str(), 0700) != 0 || ::chmod(path.c_str(), 0700) != 0) {
    return fail(ErrorKind::io, "Could not create " + path.string() + ": " + system_reason(errno));
  }
  return path;
}

void Scratch::prepare_tmp() {
  if (!spare_tmp_.empty()) return;
  if (auto made = make_tmp()) spare_tmp_ = std::move(*made);
}

void Scratch::remove_tmp(const fs::path& path) {
  std::error_code ignored;
  fs::remove_all(path, ignored);
}

Result<fs::path> Scratch::merge_layers(const std::vector<fs::path>& layers) {
  if (layers.empty()) return fs::path();
  if (layers.size() == 1) return layers.front();
  if (const auto known = merged_.find(layers); known != merged_.end()) return known->second;
  const fs::path into = path_ / ("opt-" + std::to_string(next_++));
  if (const auto error = make_private_directories(into))
    return fail(ErrorKind::io, "Could not create " + into.string() + ": " + system_reason(error.value()));
  for (const auto& layer : layers) {
    if (auto merged = merge_one(layer, into); !merged) return tl::unexpected(merged.error());
  }
  merged_.emplace(layers, into);
  return into;
}

}  // namespace lambdapool::local
