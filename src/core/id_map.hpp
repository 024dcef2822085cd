// A hash table from numbers to values in one piece of memory. Where there are thousands, the nodes of
// std::unordered_map, of which each removal needs its neighbours too, are what the processor waits for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "core/error.hpp"

namespace lambdapool {

// Values move when others are added or removed.
template <class Value>
class IdMap {
 public:
  using Id = std::uint64_t;

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  bool contains(Id id) const { return find(id) != nullptr; }

  const Value* find(Id id) const {
    if (empty()) return nullptr;
    const Slot& slot = slots_[place_of(id)];
    return slot ? &slot->second : nullptr;
  }
  Value* find(Id id) { return const_cast<Value*>(std::as_const(*this).find(id)); }
  Value& at(Id id) {
    Value* found = find(id);
    LAMBDAPOOL_CHECK(found != nullptr);
    return *found;
  }

  // Nothing, where the number has a value.
  void emplace(Id id, Value value) {
    if (2 * (size_ + 1) > slots_.size()) grow();
    Slot& slot = slots_[place_of(id)];
    if (slot) return;
    slot.emplace(id, std::move(value));
    ++size_;
  }

  std::optional<Value> extract(Id id) {
    if (empty()) return std::nullopt;
    const std::size_t place = place_of(id);
    if (!slots_[place]) return std::nullopt;
    std::optional<Value> value(std::move(slots_[place]->second));
    close_gap(place);
    --size_;
    return value;
  }
  bool erase(Id id) { return extract(id).has_value(); }

  template <class Visit>
  void for_each(Visit visit) const {
    for (const Slot& slot : slots_) {
      if (slot) visit(slot->first, slot->second);
    }
  }

 private:
  using Slot = std::optional<std::pair<Id, Value>>;

  // Numbers in a row come to lie far apart, and others anywhere (Knuth's multiplicative hashing).
  std::size_t home_of(Id id) const { return static_cast<std::size_t>(id * 0x9E37'79B9'7F4A'7C15u >> shift_); }
  std::size_t after(std::size_t place) const { return (place + 1) & (slots_.size() - 1); }
  std::size_t distance(std::size_t from, std::size_t to) const { return (to - from) & (slots_.size() - 1); }

  // Where it is, or would be: in the first free place from its home on.
  std::size_t place_of(Id id) const {
    std::size_t place = home_of(id);
    while (slots_[place] && slots_[place]->first != id) place = after(place);
    return place;
  }

  // What would not be found behind a free place moves into it.
  void close_gap(std::size_t gap) {
    for (std::size_t next = after(gap); slots_[next]; next = after(next)) {
      if (distance(home_of(slots_[next]->first), next) < distance(gap, next)) continue;
      slots_[gap] = std::move(slots_[next]);
      gap = next;
    }
    slots_[gap].reset();
  }

  void grow() {
    auto old = std::exchange(slots_, std::vector<Slot>(slots_.empty() ? 16 : 2 * slots_.size()));
    --shift_;
    for (auto& slot : old) {
      if (slot) slots_[place_of(slot->first)] = std::move(slot);
    }
  }

  std::vector<Slot> slots_;  // a power of two of them, of which half at least are free
  std::size_t size_ = 0;
  int shift_ = 61;  // of 64 bits, so that as many are left as number a place
};

}  // namespace lambdapool
