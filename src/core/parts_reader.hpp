// A stream of frames (docs/protocol.md, Parts), told apart as it comes: what is ahead of the answer goes on
// as it is, in any pieces; what ends the call is kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.hpp"

namespace lambdapool {

class PartsReader {
 public:
  struct Kinds {
    std::string_view last;        // of these one, and it is the last
    std::string_view kept = {};   // kept as well, and does not go on
    std::uint64_t bytes_max = 0;  // of a frame's content
  };
  using Ahead = std::function<void(std::string_view piece)>;
  PartsReader(Kinds kinds, Ahead ahead) : kinds_(kinds), ahead_(std::move(ahead)) {}

  // Another stream begins: nothing of this one is kept.
  void reset();

  // Error kind protocol: it cannot be read, nor can what follows.
  Result<void> read(std::string_view piece);

  char last() const { return last_; }  // its kind; '\0': it has not come, or not all of it
  std::string take(char kind);         // the content of a frame that is kept; "" where there is none

 private:
  struct Frame {
    char kind = '\0';
    std::string content = {};
  };
  Result<void> begin();
  Result<void> finish();

  const Kinds kinds_;
  const Ahead ahead_;
  std::string head_;        // of a frame, as far as it has come
  std::uint64_t left_ = 0;  // of its content
  bool is_kept_ = false;
  std::uint32_t checksum_ = 0;  // of one that is kept, so far
  std::uint32_t checksum_wanted_ = 0;
  std::vector<Frame> kept_;
  char last_ = '\0';
};

// Why a stream is none: error kind protocol.
tl::unexpected<Error> unreadable_stream(const std::string& why);

}  // namespace lambdapool
