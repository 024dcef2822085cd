// Outcomes ahead of their answer (docs/protocol.md, Parts): an item's is told before the next item begins,
// where that costs little against the items.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "core/envelope.hpp"
#include "core/error.hpp"
#include "runtime/message.hpp"

namespace lambdapool::runtime {

// Where they are told.
class Parts {
 public:
  static constexpr std::uint32_t any = UINT32_MAX;

  virtual ~Parts() = default;
  // A task comes.
  virtual void begin() = 0;
  // These frames; and from then on so many of the task's items may have begun. False: there is no room.
  virtual bool tell(std::string_view frames, std::uint32_t begun) = 0;
};

// Memory that this process shares with the local Lambda, which outlives it. Telling wakes nobody.
class PartsMemory final : public Parts {
 public:
  // Of an inherited descriptor, which is closed. Null: it is not such memory.
  static std::unique_ptr<PartsMemory> on_descriptor(const std::string& number);
  PartsMemory(void* memory, std::size_t size) : memory_(static_cast<char*>(memory)), size_(size) {}
  ~PartsMemory() override;
  PartsMemory(const PartsMemory&) = delete;
  PartsMemory& operator=(const PartsMemory&) = delete;

  void begin() override { end_ = 0; }
  bool tell(std::string_view frames, std::uint32_t begun) override;
  // The task's answer stands for all of it: the next may begin before the local Lambda hears of this one's
  // end.
  void clear();

 private:
  void set_number(std::size_t which, std::uint64_t value);

  char* const memory_;
  const std::size_t size_;
  std::size_t end_ = 0;  // of the frames
};

// A stream that begins with the first outcome. Who reads it does not know how many items may have begun: what
// was on its way when a worker died may be lost.
class PartsStream final : public Parts {
 public:
  using Write = std::function<Result<void>(std::string_view frames)>;
  explicit PartsStream(Write write) : write_(std::move(write)) {}

  void begin() override;
  bool tell(std::string_view frames, std::uint32_t begun) override;
  bool has_begun() const { return has_begun_; }
  const Result<void>& state() const { return state_; }  // an error: no more can be written

 private:
  const Write write_;
  std::string head_;
  bool has_begun_ = false;
  Result<void> state_ = {};
};

// Where the outcomes of a task may go: memory, where there is any; else a stream, if the task's sender takes
// one.
struct EarlyWays {
  Parts* memory = nullptr;
  Parts* stream = nullptr;
  std::function<void()> show_output = {};  // the sender takes what the task writes in that stream
  // Takes an answer that is too large for others into that stream: a raw envelope, in two pieces. False: it
  // is too large for a stream, too.
  std::function<bool(std::string_view head, std::string_view body)> large = {};
};

// Those of one task.
class Early {
 public:
  using Time = std::chrono::system_clock::time_point;

  // The first of `items` is about to begin. `label`: the answer's.
  Early(Parts& parts, const envelope::Label& label, std::size_t items, Time now);

  // Before the next item begins: all that are done.
  void tell(std::span<const ItemOutcome> done, Time now) {
    if (now >= due_) tell_now(done, now);
  }

 private:
  void tell_now(std::span<const ItemOutcome> done, Time now);

  Parts& parts_;
  const bool each_;
  std::size_t told_ = 0;
  Time last_;
  Time due_ = {};
};

}  // namespace lambdapool::runtime
