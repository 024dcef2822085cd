#include "local/store/log_spool.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <numeric>
#include <sstream>
#include <utility>

#include "core/descriptor.hpp"
#include "local/store/home.hpp"
#include "local/store/uuid.hpp"

namespace lambdapool::local {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t half_bytes = 512u << 10;
constexpr std::size_t slots_max = 512;
constexpr std::size_t slot_bytes = 256;
constexpr char magic[8] = {'l', 'p', 's', 'p', 'o', 'o', 'l', '1'};

struct Half {
  std::atomic<std::uint64_t> used;
  char bytes[half_bytes];
};

// An invocation under way: function, stream and request id, each a line; "" where it is free.
using Slot = char[slot_bytes];

// A field of a record: its length in four bytes, then its bytes.
void put(char*& at, std::string_view field) {
  const auto size = static_cast<std::uint32_t>(field.size());
  std::memcpy(at, &size, sizeof size);
  std::memcpy(at + sizeof size, field.data(), field.size());
  at += sizeof size + field.size();
}

// False at the end, and where what is there is no field.
bool take(std::string_view& rest, std::string_view& field) {
  std::uint32_t size = 0;
  if (rest.size() < sizeof size) return false;
  std::memcpy(&size, rest.data(), sizeof size);
  rest.remove_prefix(sizeof size);
  if (rest.size() < size) return false;
  field = rest.substr(0, size);
  rest.remove_prefix(size);
  return true;
}

// Until it is locked a file is one that nobody holds, for recover() to remove: then another is made.
Descriptor make_locked(const fs::path& folder, fs::path& path) {
  for (;;) {
    path = folder / random_uuid();
    Descriptor fd(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    struct stat status {};
    if (!fd || ::flock(fd.get(), LOCK_EX) != 0 || ::fstat(fd.get(), &status) != 0) return {};
    if (status.st_nlink > 0) return fd;
  }
}

}  // namespace

// The file, as it is mapped; of use to the same build only, which `magic` stands for.
struct LogSpool::Layout {
  char magic[8];
  std::atomic<std::uint32_t> first;  // the half that is older
  Half halves[2];
  Slot slots[slots_max];
};

LogSpool::LogSpool(fs::path path, int fd, Layout* layout)
    : path_(std::move(path)), fd_(fd), layout_(layout), free_(slots_max) {
  std::iota(free_.rbegin(), free_.rend(), 0);
}

std::shared_ptr<LogSpool> LogSpool::make(const fs::path& home) {
  if (make_private_directories(home / "spool")) return nullptr;
  fs::path path;
  Descriptor fd = make_locked(home / "spool", path);
  if (!fd) return nullptr;
  // Room for all of it now: to write to a mapped page that the disk has none for kills.
  void* memory = MAP_FAILED;
  if (::posix_fallocate(fd.get(), 0, sizeof(Layout)) == 0) {
    memory = ::mmap(nullptr, sizeof(Layout), PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  }
  if (memory == MAP_FAILED) {
    ::unlink(path.c_str());
    return nullptr;
  }
  auto* layout = static_cast<Layout*>(memory);  // all zero
  std::memcpy(layout->magic, magic, sizeof magic);
  return std::shared_ptr<LogSpool>(new LogSpool(path, fd.release(), layout));
}

LogSpool::~LogSpool() {
  ::munmap(layout_, sizeof(Layout));
  ::unlink(path_.c_str());
  ::close(fd_);
}

// A mapping holds a file's lock as a descriptor does.
void LogSpool::close_in_fork() const {
  ::munmap(layout_, sizeof(Layout));
  ::close(fd_);
}

void LogSpool::append(std::string_view function, std::string_view stream, std::string_view lines) {
  Half& half = layout_->halves[half_];
  const auto used = half.used.load(std::memory_order_relaxed);
  const auto size = 3 * sizeof(std::uint32_t) + function.size() + stream.size() + lines.size();
  if (size > half_bytes - used) return;
  char* at = half.bytes + used;
  for (const auto field : {function, stream, lines}) put(at, field);
  half.used.store(used + size, std::memory_order_release);
}

int LogSpool::turn() {
  const int full = half_;
  layout_->first = static_cast<std::uint32_t>(full);
  half_ = 1 - half_;
  return full;
}

void LogSpool::written(int half) { layout_->halves[half].used = 0; }

void LogSpool::began(std::string_view function, std::string_view stream, std::string_view request_id) {
  std::string text;
  for (const auto field : {function, stream, request_id}) text.append(field).push_back('\n');
  if (text.size() >= slot_bytes || free_.empty()) return;
  if (!running_.emplace(request_id, free_.back()).second) return;
  std::memcpy(layout_->slots[free_.back()], text.c_str(), text.size() + 1);
  free_.pop_back();
}

void LogSpool::ended(std::string_view request_id) {
  const auto found = running_.find(std::string(request_id));
  if (found == running_.end()) return;
  layout_->slots[found->second][0] = '\0';
  free_.push_back(found->second);
  running_.erase(found);
}

namespace {

void hand_over(const Half& half, const LogSpool::Sink& sink) {
  std::string_view rest(half.bytes, std::min<std::uint64_t>(half.used, half_bytes));
  std::string_view function, stream, lines;
  while (take(rest, function) && take(rest, stream) && take(rest, lines)) {
    sink(std::string(function), std::string(stream), lines);
  }
}

void tell_unfinished(const Slot& slot, std::int64_t now_ms, const LogSpool::Sink& sink) {
  std::istringstream text(std::string(slot, ::strnlen(slot, slot_bytes)));
  std::string function, stream, request_id;
  for (std::string* line : {&function, &stream, &request_id}) std::getline(text, *line);
  if (request_id.empty()) return;
  sink(function, stream,
       std::to_string(now_ms) + " [lambdapool: RequestId " + request_id +
           " has no END: the program that its local Lambda ran in ended before it did]\n");
}

}  // namespace

void LogSpool::recover(const fs::path& home, std::int64_t now_ms, const Sink& sink) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(home / "spool", error)) {
    const int fd = ::open(entry.path().c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) continue;
    const bool abandoned = ::flock(fd, LOCK_EX | LOCK_NB) == 0;
    const bool whole = fs::file_size(entry.path(), error) == sizeof(Layout) && !error;
    void* memory = MAP_FAILED;
    if (abandoned && whole) memory = ::mmap(nullptr, sizeof(Layout), PROT_READ, MAP_SHARED, fd, 0);
    if (memory != MAP_FAILED) {
      const auto& layout = *static_cast<const Layout*>(memory);
      if (std::memcmp(layout.magic, magic, sizeof magic) == 0) {
        const std::uint32_t first = layout.first & 1;
        for (const std::uint32_t half : {first, 1 - first}) hand_over(layout.halves[half], sink);
        for (const Slot& slot : layout.slots) tell_unfinished(slot, now_ms, sink);
      }
      ::munmap(memory, sizeof(Layout));
    }
    if (abandoned) ::unlink(entry.path().c_str());
    ::close(fd);
  }
}

}  // namespace lambdapool::local
