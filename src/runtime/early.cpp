#include "runtime/early.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "core/part_frames.hpp"
#include "core/whole_number.hpp"

namespace lambdapool::runtime {
namespace {

constexpr std::size_t few_items = 16;  // of which each has a part of its own
constexpr std::chrono::microseconds slow_item{100};
constexpr std::chrono::milliseconds pause{1};  // between the parts of others

constexpr std::size_t numbers_bytes = 2 * sizeof(std::uint64_t);
constexpr std::size_t size_number = 0, begun_number = 1;

}  // namespace

std::unique_ptr<PartsMemory> PartsMemory::on_descriptor(const std::string& number) {
  const auto parsed = whole_number(number);
  const int fd = parsed && *parsed > 2 && *parsed < (1u << 20) ? static_cast<int>(*parsed) : -1;
  struct stat status {};
  if (fd < 0 || ::fstat(fd, &status) != 0) return nullptr;
  const auto size = static_cast<std::size_t>(std::max<off_t>(status.st_size, 0));
  void* const memory =
      size > numbers_bytes ? ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
  ::close(fd);
  return memory == MAP_FAILED ? nullptr : std::make_unique<PartsMemory>(memory, size);
}

PartsMemory::~PartsMemory() { ::munmap(memory_, size_); }

void PartsMemory::set_number(std::size_t which, std::uint64_t value) {
  __atomic_store_n(reinterpret_cast<std::uint64_t*>(memory_) + which, value, __ATOMIC_RELEASE);
}

bool PartsMemory::tell(std::string_view frames, std::uint32_t begun) {
  const bool fits = frames.size() <= size_ - numbers_bytes - end_;
  if (fits) {
    std::memcpy(memory_ + numbers_bytes + end_, frames.data(), frames.size());
    end_ += frames.size();
    set_number(size_number, end_);
  }
  set_number(begun_number, fits && begun != any ? begun : UINT64_MAX);
  return fits;
}

void PartsMemory::clear() {
  set_number(size_number, 0);
  set_number(begun_number, 0);
}

void PartsStream::begin() {
  head_.clear();
  has_begun_ = false;
}

bool PartsStream::tell(std::string_view frames, std::uint32_t) {
  if (!state_) return false;
  if (!has_begun_ && head_.empty()) {
    head_ = frames;
    return true;
  }
  has_begun_ = true;
  state_ = write_(std::exchange(head_, {}).append(frames));
  return state_.has_value();
}

Early::Early(Parts& parts, const envelope::Label& label, std::size_t items, Time now)
    : parts_(parts), each_(items <= few_items), last_(now) {
  parts_.begin();
  if (!parts_.tell(part_frame('H', {}, envelope::encode_raw(label, {})), each_ ? 1 : Parts::any))
    due_ = Time::max();
}

void Early::tell_now(std::span<const ItemOutcome> done, Time now) {
  const auto news = done.subspan(told_);
  const bool each = each_ || (!news.empty() && now - last_ >= slow_item * static_cast<int>(news.size()));
  last_ = now;
  due_ = each ? Time{} : now + pause;
  if (news.empty()) return;
  const PartItems items{static_cast<std::uint32_t>(told_), static_cast<std::uint32_t>(news.size())};
  const std::string content = write_outcome(news, {});
  told_ = done.size();
  const auto begun = each ? static_cast<std::uint32_t>(told_ + 1) : Parts::any;
  if (!parts_.tell(part_frame('P', items, content), begun)) due_ = Time::max();
}

}  // namespace lambdapool::runtime
