#include "core/part_frames.hpp"

#include "core/checksum.hpp"

namespace lambdapool {
namespace {

void append_little_endian(std::string& bytes, std::uint32_t number) {
  for (const int shift : {0, 8, 16, 24}) bytes.push_back(static_cast<char>(number >> shift & 0xff));
}

std::uint32_t little_endian(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 4; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

constexpr std::size_t numbers_bytes = 13;  // what the checksum covers, before the content

}  // namespace

PartHead::PartHead(std::string_view bytes)
    : kind(bytes[0]),
      size(little_endian(bytes, 1)),
      items{little_endian(bytes, 5), little_endian(bytes, 9)},
      checksum(little_endian(bytes, numbers_bytes)),
      of_numbers(crc32(0, bytes.substr(0, numbers_bytes))) {}

bool PartHead::is_of(std::string_view content) const {
  return content.size() == size && crc32(of_numbers, content) == checksum;
}

std::string_view whole_parts(std::string_view frames) {
  std::size_t at = 0;
  while (frames.size() - at >= part_head_bytes && frames[at] != 'A' && frames[at] != 'E') {
    const PartHead head(frames.substr(at));
    if (!head.is_of(frames.substr(at + part_head_bytes, head.size))) break;
    at += part_head_bytes + head.size;
  }
  return frames.substr(0, at);
}

std::string OutputFrames::of(std::string_view lines) {
  if (left_ == 0 || lines.empty()) return {};
  std::string told(lines.substr(0, left_));
  left_ -= told.size();
  if (told.size() < lines.size()) told.erase(told.rfind('\n') + 1);
  if (!told.empty() && told.back() != '\n') told += '\n';
  if (left_ == 0) told += "lambdapool: what this call writes further is in its log alone\n";
  return part_frame('O', {}, told);
}

std::string part_head(char kind, PartItems items, std::string_view content, std::string_view more) {
  std::string head(1, kind);
  const auto size = static_cast<std::uint32_t>(content.size() + more.size());
  for (const std::uint32_t number : {size, items.first, items.count}) append_little_endian(head, number);
  append_little_endian(head, crc32(crc32(crc32(0, head), content), more));
  return head;
}

}  // namespace lambdapool
