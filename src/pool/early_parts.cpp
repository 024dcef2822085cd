#include "pool/early_parts.hpp"

#include <algorithm>

namespace lambdapool::pool {

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
  while (is_readable_ && left.size() >= part_head_bytes) {
    const PartHead head(left);
    const auto content = left.substr(part_head_bytes, head.size);
    if (content.size() < head.size) break;
    is_readable_ = head.is_of(content) && take(head, content, parts);
    left.remove_prefix(part_head_bytes + head.size);
  }
  rest_.erase(0, rest_.size() - left.size());
  return parts;
}

std::size_t EarlyParts::begun_of(const Batch::Chunk& rest) const {
  const std::size_t begun = begun_ - std::min(begun_, rest.before);
  return std::clamp<std::size_t>(begun, 1, rest.count);
}

// False: this and all that follows is not to be read.
bool EarlyParts::take(const PartHead& head, std::string_view content, std::vector<EarlyPart>& parts) {
  switch (head.kind) {
    case 'H': {
      auto outcome = envelope::decode(envelope::Direction::outcome, content);
      if (!outcome || outcome->echo != echo_) return false;
      head_ = std::move(*outcome);
      has_head_ = true;
      return true;
    }
    case 'P':
      if (!has_head_) return false;
      parts.push_back({head.items.first, head.items.count, head_});
      parts.back().outcome.body = content;
      return true;
    case 'B':
      if (!has_head_) return false;
      begun_ = head.items.count;
      return true;
    case 'O':
      has_output_ = true;
      if (output_) output_(content);
      return true;
    default:
      return true;  // of a later version
  }
}

}  // namespace lambdapool::pool
