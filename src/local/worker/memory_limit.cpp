#include "local/worker/memory_limit.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <fstream>
#include <random>
#include <sstream>

#include "core/descriptor.hpp"
#include "core/own_thread.hpp"
#include "local/worker/cgroup_mover.hpp"
#include "local/worker/resident_memory.hpp"

namespace lambdapool::local {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view prefix = "lambdapool-";

bool write_value(const fs::path& file, const std::string& value) {
  const Descriptor fd(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
  return fd && ::write(fd.get(), value.data(), value.size()) == static_cast<ssize_t>(value.size());
}

std::string read_value(const fs::path& file) {
  std::ifstream in(file);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// The number behind `name` in a file of "name number" lines.
long long counter(const fs::path& file, std::string_view name) {
  std::ifstream in(file);
  std::string key;
  for (long long value; in >> key >> value;) {
    if (key == name) return value;
  }
  return 0;
}

// Our own place in the hierarchy that has `controller` ("" for v2), from /proc/self/cgroup.
std::string own_path(std::string_view controller) {
  std::ifstream in("/proc/self/cgroup");
  for (std::string line; std::getline(in, line);) {
    const auto first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    if (std::string_view(line).substr(first + 1, second - first - 1) == controller)
      return line.substr(second + 1);
  }
  return {};
}

// Directories left by services that were killed: their name says whose they were.
void sweep(const fs::path& parent) {
  std::error_code error;
  for (fs::directory_iterator entry(parent, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (!name.starts_with(prefix)) continue;
    const pid_t owner = static_cast<pid_t>(std::atoi(name.c_str() + prefix.size()));
    if (owner <= 0 || ::kill(owner, 0) == 0 || errno != ESRCH) continue;
    std::error_code inner;
    for (fs::directory_iterator cell(entry->path(), inner), last; !inner && cell != last;
         cell.increment(inner)) {
      if (cell->is_directory(inner)) ::rmdir(cell->path().c_str());
    }
    ::rmdir(entry->path().c_str());
  }
}

std::string unique_name() {
  std::random_device random;
  return std::string(prefix) + std::to_string(::getpid()) + "-" + std::to_string(random());
}

// What differs between the two versions of cgroups.
struct Dialect {
  MemoryLimits::Kind kind;
  const char* limit;
  const char* swap_limit;
  const char* events;
};
constexpr Dialect v1{MemoryLimits::Kind::cgroup_v1, "memory.limit_in_bytes", "memory.memsw.limit_in_bytes",
                     "memory.oom_control"};
constexpr Dialect v2{MemoryLimits::Kind::cgroup_v2, "memory.max", "memory.swap.max", "memory.events"};

// Swap is absent where the kernel does not account for it; then there is none to run into.
bool set_limit(const Dialect& dialect, const fs::path& path, std::uint64_t bytes) {
  if (!write_value(path / dialect.limit, std::to_string(bytes))) return false;
  write_value(path / dialect.swap_limit,
              std::to_string(dialect.kind == MemoryLimits::Kind::cgroup_v1 ? bytes : 0));
  return true;
}

bool make_cell(const Dialect& dialect, const fs::path& path, std::uint64_t bytes) {
  if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) return false;
  return set_limit(dialect, path, bytes) && ::access((path / "cgroup.procs").c_str(), W_OK) == 0;
}

// Cells that are to be removed; those whose processes are still dying stay. The mover's.
using Leftovers = std::vector<fs::path>;

void remove_cells(Leftovers& cells) {
  std::erase_if(cells, [](const fs::path& path) { return ::rmdir(path.c_str()) == 0 || errno == ENOENT; });
}

// Where cells can be made. Known once the mover has found it out.
struct Place {
  const Dialect* dialect = nullptr;  // nullptr: nowhere
  fs::path base;
  std::atomic<bool> known = false;
};

class Cell : public Cgroup {
 public:
  Cell(std::shared_ptr<const Place> place, std::string name, std::uint64_t bytes,
       std::shared_ptr<Leftovers> leftovers, CgroupMover& mover)
      : place_(std::move(place)),
        name_(std::move(name)),
        bytes_(bytes),
        leftovers_(std::move(leftovers)),
        mover_(mover) {}
  ~Cell() override {
    mover_.post([place = place_, name = name_, leftovers = leftovers_] {
      if (place->dialect) leftovers->push_back(place->base / name);
      remove_cells(*leftovers);
    });
  }

  void enclose(pid_t pid) override {
    mover_.post(
        [place = place_, name = name_, all = bytes_, leftovers = leftovers_, enclosed = enclosed_, pid] {
          if (!place->dialect) return;
          const fs::path path = place->base / name;
          remove_cells(*leftovers);
          if (::access(path.c_str(), F_OK) != 0 && !make_cell(*place->dialect, path, all)) return;
          if (!move_tree(pid, path / "cgroup.procs")) return;
          constexpr std::uint64_t least = 1 << 20;
          const std::uint64_t used = resident_bytes_of_tree(pid);
          set_limit(*place->dialect, path, std::max(all - std::min(used, all), least));
          *enclosed = true;
        });
  }
  bool enclosed() const override { return *enclosed_; }
  bool out_of_memory() const override {
    if (!place_->known || !place_->dialect) return false;
    return counter(place_->base / name_ / place_->dialect->events, "oom_kill") > 0;
  }

 private:
  std::shared_ptr<const Place> place_;
  std::string name_;
  std::uint64_t bytes_;
  std::shared_ptr<Leftovers> leftovers_;
  CgroupMover& mover_;
  std::shared_ptr<std::atomic<bool>> enclosed_ = std::make_shared<std::atomic<bool>>(false);
};

// Moves the probe into a cell and out again into a place of its own below `base`. What it starts meanwhile
// stays in the cell, whose limit is therefore none.
bool usable(const Dialect& dialect, const fs::path& base, pid_t probe) {
  constexpr std::uint64_t enough = std::uint64_t{1} << 50;
  const std::string pid = std::to_string(probe);
  const fs::path cell = base / "probe", rest = base / "supervisor";
  const bool works = make_cell(dialect, cell, enough) &&
                     (::mkdir(rest.c_str(), 0755) == 0 || errno == EEXIST) &&
                     write_value(cell / "cgroup.procs", pid) && write_value(rest / "cgroup.procs", pid);
  ::rmdir(cell.c_str());
  return works;
}

void remove_base(const fs::path& base) {
  for (const char* child : {"probe", "supervisor"}) ::rmdir((base / child).c_str());
  ::rmdir(base.c_str());
}

bool try_below(const Dialect& dialect, const fs::path& parent, pid_t probe, Place& place) {
  if (::access(parent.c_str(), W_OK) != 0) return false;
  sweep(parent);
  const fs::path base = parent / unique_name();
  if (::mkdir(base.c_str(), 0755) != 0) return false;
  if (dialect.kind == MemoryLimits::Kind::cgroup_v2) write_value(base / "cgroup.subtree_control", "+memory");
  if (!usable(dialect, base, probe)) {
    remove_base(base);
    return false;
  }
  place.base = base;
  place.dialect = &dialect;
  return true;
}

bool in_file(const fs::path& file, std::string_view word) {
  return read_value(file).find(word) != std::string::npos;
}

// A v2 cgroup with processes in it gives no controllers to its children, and our own has processes; so
// look upwards for one that already does.
bool try_v2(pid_t probe, Place& place) {
  const fs::path mount = "/sys/fs/cgroup";
  if (!in_file(mount / "cgroup.controllers", "memory")) return false;
  fs::path at = mount / fs::path(own_path("")).relative_path();
  while (true) {
    if (in_file(at / "cgroup.subtree_control", "memory") && try_below(v2, at, probe, place)) return true;
    if (at == mount || !at.has_parent_path() || at == at.parent_path()) return false;
    at = at.parent_path();
  }
}

bool try_v1(pid_t probe, Place& place) {
  const fs::path mount = "/sys/fs/cgroup/memory";
  if (!fs::exists(mount / "memory.limit_in_bytes")) return false;
  const fs::path own = mount / fs::path(own_path("memory")).relative_path();
  return try_below(v1, own, probe, place) || (own != mount && try_below(v1, mount, probe, place));
}

class WatchedLimits : public MemoryLimits {
 public:
  Kind kind() const override { return Kind::watched; }
  bool watches() const override { return true; }
  std::unique_ptr<Cgroup> make(int) override { return nullptr; }
};

class CgroupLimits : public MemoryLimits {
 public:
  CgroupLimits(std::unique_ptr<CgroupMover> mover, pid_t probe) : mover_(std::move(mover)) {
    mover_->post([place = place_, probe] {
      const Known whatever_happens{*place};
      if (!try_v2(probe, *place)) try_v1(probe, *place);
    });
  }
  ~CgroupLimits() override {
    mover_.reset();
    remove_cells(*leftovers_);
    if (place_->dialect) remove_base(place_->base);
  }
  Kind kind() const override {
    place_->known.wait(false);
    return place_->dialect ? place_->dialect->kind : Kind::watched;
  }
  bool watches() const override { return !place_->known || !place_->dialect; }
  std::unique_ptr<Cgroup> make(int memory_mb) override {
    if (place_->known && !place_->dialect) return nullptr;
    return std::make_unique<Cell>(place_, "worker-" + std::to_string(next_++),
                                  static_cast<std::uint64_t>(memory_mb) << 20, leftovers_, *mover_);
  }

 private:
  struct Known {
    Place& place;
    ~Known() {
      place.known = true;
      place.known.notify_all();
    }
  };

  std::uint64_t next_ = 1;
  std::shared_ptr<Place> place_ = std::make_shared<Place>();
  std::shared_ptr<Leftovers> leftovers_ = std::make_shared<Leftovers>();
  std::unique_ptr<CgroupMover> mover_;
};

}  // namespace

std::unique_ptr<MemoryLimits> MemoryLimits::probe(pid_t probe, bool allow_cgroups) {
  if (!allow_cgroups) return std::make_unique<WatchedLimits>();
  try {
    return std::make_unique<CgroupLimits>(std::make_unique<CgroupMover>(), probe);
  } catch (const NoThread&) {  // memory can be watched without
    return std::make_unique<WatchedLimits>();
  }
}

}  // namespace lambdapool::local
