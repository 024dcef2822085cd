// The log tails that came with answers, for whoever asks later. Kept as they came, since most are never asked
// for; and only the newest ones, up to so many bytes. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>

namespace lambdapool::pool {

class LogTails {
 public:
  using Call = std::uint64_t;

  explicit LogTails(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  void keep_base64(Call call, std::string tail);  // X-Amz-Log-Result as it came
  void keep_text(Call call, std::string tail);

  struct Tail {
    bool kept = false;  // false: it has not come, or has made room for newer ones
    std::string text = {};
  };
  Tail of(Call call) const;
  std::size_t dropped() const { return dropped_; }  // how many made room

 private:
  struct Stored {
    std::string text;
    bool base64;
  };
  void store(Call call, Stored stored);

  std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  std::size_t dropped_ = 0;
  std::unordered_map<Call, Stored> tails_;
  std::deque<Call> oldest_first_;
};

}  // namespace lambdapool::pool
