#include "runtime/registry.hpp"

#include <atomic>
#include <cstring>

#include "runtime/message.hpp"

namespace lambdapool {
namespace {

// Constant-initialised, so it is there before the first registration, in whichever order those run. Atomic
// for libraries that are loaded while pools are at work.
constinit std::atomic<detail::TaskEntry*> newest{nullptr};

bool same(const detail::TaskEntry& a, std::string_view name, std::uint64_t place) {
  return a.place == place && name == a.name;
}

// Newer entries stand before older ones, so an entry's ordinal is the number of namesakes behind it.
std::uint64_t ordinal_of(const detail::TaskEntry& entry) {
  std::uint64_t ordinal = 0;
  for (const auto* at = entry.next; at != nullptr; at = at->next)
    ordinal += same(*at, entry.name, entry.place);
  return ordinal;
}

}  // namespace

namespace detail {

void register_task(TaskEntry& entry) {
  entry.next = newest.load(std::memory_order_relaxed);
  while (!newest.compare_exchange_weak(entry.next, &entry, std::memory_order_release)) {
  }
}

std::string task_head(const TaskEntry& entry, std::string_view state, bool aligned_items) {
  return runtime::write_head(
      {entry.name, entry.place, ordinal_of(entry), entry.schema, state, aligned_items});
}

}  // namespace detail

namespace runtime {

const detail::TaskEntry* first_task() { return newest.load(std::memory_order_acquire); }

const detail::TaskEntry* find_task(std::string_view name, std::uint64_t place, std::uint64_t ordinal,
                                   Namesakes namesakes) {
  const detail::TaskEntry* found = nullptr;
  std::uint64_t count = 0;
  for (const auto* at = first_task(); at != nullptr; at = at->next) {
    if (!same(*at, name, place)) continue;
    ++count;
    if (ordinal_of(*at) == ordinal) found = at;
  }
  return count > 1 && namesakes == Namesakes::refused ? nullptr : found;
}

std::uint64_t registry_hash() {
  std::uint64_t sum = 0;
  for (const auto* at = first_task(); at != nullptr; at = at->next) {
    sum += detail::mix(detail::mix(detail::hash_text(at->name), at->place), at->schema);
  }
  return sum;
}

}  // namespace runtime
}  // namespace lambdapool
