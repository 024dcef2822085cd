// What has been read and not yet been consumed, in one piece.
#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

namespace lambdapool::http {

class ReadBuffer {
 public:
  std::string_view data() const { return {bytes_.data() + begin_, end_ - begin_}; }
  bool empty() const { return begin_ == end_; }

  // Room for at least `minimum` more bytes behind data().
  char* prepare(std::size_t minimum) {
    if (empty()) begin_ = end_ = 0;
    if (bytes_.size() - end_ < minimum && begin_ > 0) {
      std::copy(bytes_.begin() + static_cast<std::ptrdiff_t>(begin_),
                bytes_.begin() + static_cast<std::ptrdiff_t>(end_), bytes_.begin());
      end_ -= begin_;
      begin_ = 0;
    }
    if (bytes_.size() - end_ < minimum) bytes_.resize(std::max(end_ + minimum, bytes_.size() * 2));
    return bytes_.data() + end_;
  }
  std::size_t room() const { return bytes_.size() - end_; }
  void commit(std::size_t size) {
    end_ += size;
    // A peer that fills the buffer has more to say: read in larger pieces, up to a point.
    if (end_ == bytes_.size() && bytes_.size() < large) bytes_.resize(std::min(large, bytes_.size() * 4));
  }
  void keep_last(std::size_t size) { begin_ = end_ - size; }

  // Gives room back that a large message needed. Only where it is empty.
  void forget_beyond(std::size_t size) {
    if (bytes_.size() > size) *this = {};
  }

  static constexpr std::size_t small = 4'096;
  static constexpr std::size_t large = 256 * 1'024;

 private:
  std::vector<char> bytes_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace lambdapool::http
