#include "pool/early_parts.hpp"

#include <algorithm>
#include <cstdint>

#include "core/checksum.hpp"

namespace lambdapool::pool {

struct EarlyParts::Frame {
  static constexpr std::size_t numbers = 13, head = 17;  // kind, then three numbers; then their checksum
  char kind;
  std::size_t size, first, count;
  std::uint32_t checksum;  // of the numbers and the content
  std::string_view content;

  explicit Frame(std::string_view bytes)
      : kind(bytes[0]),
        size(number(bytes, 1)),
        first(number(bytes, 5)),
        count(number(bytes, 9)),
        checksum(number(bytes, numbers)) {
    content = bytes.substr(head, size);
  }
  static std::uint32_t number(std::string_view bytes, std::size_t at) {
    std::uint32_t value = 0;
    for (int i = 3; i >= 0; --i)
      value = value << 8 | static_cast<unsigned char>(bytes[at + static_cast<std::size_t>(i)]);
    return value;
  }
};

std::vector<EarlyPart> EarlyParts::read(std::string_view piece) {
  std::vector<EarlyPart> parts;
  if (piece.empty()) {
    rest_.clear();
    has_head_ = has_output_ = false;
    is_readable_ = true;
    begun_ = static_cast<std::size_t>(-1);
  }
  if (!is_readable_) return parts;
  rest_ += piece;
  std::string_view left = rest_;
  while (is_readable_ && left.size() >= Frame::head) {
    const Frame frame(left);
    if (frame.content.size() < frame.size) break;
    const auto checksum = crc32(crc32(0, left.substr(0, Frame::numbers)), frame.content);
    is_readable_ = checksum == frame.checksum && take(frame, parts);
    left.remove_prefix(Frame::head + frame.size);
  }
  rest_.erase(0, rest_.size() - left.size());
  return parts;
}

std::size_t EarlyParts::begun_of(const Batch::Chunk& rest) const {
  const std::size_t begun = begun_ - std::min(begun_, rest.before);
  return std::clamp<std::size_t>(begun, 1, rest.count);
}

// False: this and all that follows is not to be read.
bool EarlyParts::take(const Frame& frame, std::vector<EarlyPart>& parts) {
  switch (frame.kind) {
    case 'H': {
      auto head = envelope::decode(envelope::Direction::outcome, frame.content);
      if (!head || head->echo != echo_) return false;
      head_ = std::move(*head);
      has_head_ = true;
      return true;
    }
    case 'P':
      if (!has_head_) return false;
      parts.push_back({frame.first, frame.count, head_});
      parts.back().outcome.body = frame.content;
      return true;
    case 'B':
      if (!has_head_) return false;
      begun_ = frame.count;
      return true;
    case 'O':
      has_output_ = true;
      if (output_) output_(frame.content);
      return true;
    default:
      return true;  // of a later version
  }
}

}  // namespace lambdapool::pool
