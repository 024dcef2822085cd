#include "core/parts_reader.hpp"

#include <algorithm>

#include "core/checksum.hpp"
#include "core/part_frames.hpp"

namespace lambdapool {
namespace {

bool holds(std::string_view kinds, char kind) { return kinds.find(kind) != std::string_view::npos; }

}  // namespace

tl::unexpected<Error> unreadable_stream(const std::string& why) {
  return fail(ErrorKind::protocol,
              "the streamed answer cannot be read: " + why + "; the function may have run");
}

void PartsReader::reset() {
  head_.clear();
  kept_.clear();
  left_ = 0;
  is_kept_ = false;
  last_ = '\0';
}

Result<void> PartsReader::read(std::string_view piece) {
  while (!piece.empty()) {
    if (last_ != '\0') return unreadable_stream("it goes on after the answer");
    if (left_ == 0) {
      const auto more = piece.substr(0, part_head_bytes - head_.size());
      head_ += more;
      piece.remove_prefix(more.size());
      if (head_.size() < part_head_bytes) return {};
      if (auto begun = begin(); !begun) return begun;
      if (left_ > 0) continue;
    } else {
      const auto content = piece.substr(0, left_);
      left_ -= content.size();
      piece.remove_prefix(content.size());
      if (is_kept_) {
        checksum_ = crc32(checksum_, content);
        kept_.back().content += content;
      } else {
        ahead_(content);
      }
      if (left_ > 0) continue;
    }
    if (auto whole = finish(); !whole) return whole;
  }
  return {};
}

Result<void> PartsReader::begin() {
  const std::string head = std::exchange(head_, {});
  const PartHead part(head);
  left_ = part.size;
  if (left_ > kinds_.bytes_max) return unreadable_stream("a part has an impossible length");
  is_kept_ = holds(kinds_.last, part.kind) || holds(kinds_.kept, part.kind);
  if (!is_kept_) {
    ahead_(head);
    return {};
  }
  checksum_wanted_ = part.checksum;
  checksum_ = part.of_numbers;
  std::erase_if(kept_, [&](const Frame& frame) { return frame.kind == part.kind; });
  kept_.push_back({part.kind});
  kept_.back().content.reserve(left_);
  return {};
}

// All of a frame has come.
Result<void> PartsReader::finish() {
  if (!std::exchange(is_kept_, false)) return {};
  if (checksum_ != checksum_wanted_) return unreadable_stream("the checksum of the answer is wrong");
  if (holds(kinds_.last, kept_.back().kind)) last_ = kept_.back().kind;
  return {};
}

std::string PartsReader::take(char kind) {
  const auto found = std::ranges::find(kept_, kind, &Frame::kind);
  return found == kept_.end() ? std::string() : std::move(found->content);
}

}  // namespace lambdapool
