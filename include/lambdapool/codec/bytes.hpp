// The two ends of a message: Writer appends to a string, Reader walks over one and trusts nothing in it.
// Scalars are little-endian and of fixed width, lengths are LEB128; docs/protocol.md has the whole format.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "lambdapool/detail/abi.hpp"

namespace lambdapool {

static_assert(std::endian::native == std::endian::little, "lambdapool: messages are little-endian");

// A message that does not follow the format. Inside a worker it becomes a refusal to run the task.
class MalformedMessage : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Writer {
 public:
  void raw(const void* data, std::size_t size) { bytes_.append(static_cast<const char*>(data), size); }
  void raw(std::string_view bytes) { bytes_.append(bytes); }

  template <class T>
  void scalar(T value) {
    static_assert(std::is_arithmetic_v<T> || std::is_enum_v<T>);
    raw(&value, sizeof value);
  }

  void length(std::uint64_t value) {
    while (value >= 0x80) {
      bytes_.push_back(static_cast<char>(value | 0x80));
      value >>= 7;
    }
    bytes_.push_back(static_cast<char>(value));
  }

  void text(std::string_view value) {
    length(value.size());
    raw(value);
  }

  // Zeros up to the next multiple of `alignment`, counted from the message's beginning.
  void align(std::size_t alignment) {
    bytes_.append((alignment - bytes_.size() % alignment) % alignment, '\0');
  }

  const std::string& bytes() const { return bytes_; }
  std::string take() { return std::exchange(bytes_, {}); }

 private:
  std::string bytes_;
};

namespace detail {
// The memory from `from` up to `to` goes back to the system, and its bytes are lost; returns how far it has.
const char* give_back(const char* from, const char* to);
}  // namespace detail

// Reads a message that somebody else owns. What it hands out as views stays valid as long as both the
// message and the reader live.
class Reader {
 public:
  // Nobody reads a message after the last time: what is large gives its memory back as it is copied.
  enum class Reading { any_time, last_time };
  explicit Reader(std::string_view bytes, Reading reading = Reading::any_time)
      : begin_(bytes.data()), at_(begin_), end_(begin_ + bytes.size()), reading_(reading) {}
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  std::size_t remaining() const { return static_cast<std::size_t>(end_ - at_); }

  std::string_view raw(std::size_t size) {
    if (size > remaining()) throw MalformedMessage("the message ends in the middle of a value");
    std::string_view bytes(at_, size);
    at_ += size;
    return bytes;
  }

  template <class T>
  T scalar() {
    static_assert(std::is_arithmetic_v<T> || std::is_enum_v<T>);
    T value;
    std::memcpy(&value, raw(sizeof value).data(), sizeof value);
    return value;
  }

  std::uint64_t number() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<std::uint8_t>(raw(1)[0]);
      if (shift == 63 && byte > 1) break;
      value |= std::uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80) return value;
    }
    throw MalformedMessage("a length is longer than 64 bits");
  }

  // How many elements follow. Every element takes a byte or more, so what cannot be there is refused
  // before anything is allocated for it.
  std::size_t length(std::size_t bytes_each = 1) {
    const std::uint64_t count = number();
    if (count > remaining() / bytes_each) throw MalformedMessage("a length is beyond the message's end");
    return static_cast<std::size_t>(count);
  }

  std::string_view text() { return raw(length()); }

  // The next `count` numbers or characters, as a vector or string.
  template <class Block>
  Block block(std::size_t count) {
    using T = typename Block::value_type;
    const std::string_view bytes = raw(count * sizeof(T));
    if (reading_ == Reading::last_time && bytes.size() > step_bytes) return moved_block<Block>(bytes);
    Block values(count, T());
    if (count != 0) std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
  }

  void align(std::size_t alignment) {
    const auto offset = static_cast<std::size_t>(at_ - begin_);
    raw((alignment - offset % alignment) % alignment);
  }

  // The next `size` bytes at an address fit for `alignment`: in place, or a copy where they lie askew.
  const void* aligned(std::size_t size, std::size_t alignment) {
    const std::string_view bytes = raw(size);
    if (reinterpret_cast<std::uintptr_t>(bytes.data()) % alignment == 0) return bytes.data();
    kept_.push_back(std::make_unique<std::max_align_t[]>(size / sizeof(std::max_align_t) + 1));
    return std::memcpy(kept_.back().get(), bytes.data(), size);
  }

  void finish() const {
    if (remaining() != 0) throw MalformedMessage("the message goes on after its last value");
  }

  // Held while a value that may contain its like is read, so that a deep message cannot exhaust the stack.
  class Nesting {
   public:
    explicit Nesting(Reader& reader) : reader_(reader) {
      if (++reader_.depth_ > max_depth) throw MalformedMessage("values are nested deeper than 500 levels");
    }
    ~Nesting() { --reader_.depth_; }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;

   private:
    static constexpr int max_depth = 500;
    Reader& reader_;
  };

 private:
  static constexpr std::size_t step_bytes = std::size_t{1} << 20;

  // So that both are never there as a whole.
  template <class Block>
  static Block moved_block(std::string_view bytes) {
    using T = typename Block::value_type;
    Block values;
    values.reserve(bytes.size() / sizeof(T));
    const char* given_back = bytes.data();
    while (!bytes.empty()) {
      const std::size_t old = values.size(), more = std::min(bytes.size(), step_bytes) / sizeof(T);
      values.resize(old + more);
      std::memcpy(values.data() + old, bytes.data(), more * sizeof(T));
      bytes.remove_prefix(more * sizeof(T));
      given_back = detail::give_back(given_back, bytes.data());
    }
    return values;
  }

  const char* begin_;
  const char* at_;
  const char* end_;
  Reading reading_;
  int depth_ = 0;
  std::vector<std::unique_ptr<std::max_align_t[]>> kept_;
};

}  // namespace lambdapool
