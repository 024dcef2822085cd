// Frames in which a worker tells outcomes ahead of its answer, whatever carries them (docs/protocol.md,
// Parts).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lambdapool {

inline constexpr std::size_t part_head_bytes = 17;  // kind, three numbers, checksum

// Which items a frame is about, as a call numbers them.
struct PartItems {
  std::uint32_t first = 0;
  std::uint32_t count = 0;
};

// What stands before a frame's content, which is less than 4 GiB.
std::string part_head(char kind, PartItems items, std::string_view content);

inline std::string part_frame(char kind, PartItems items, std::string_view content = {}) {
  return part_head(kind, items, content).append(content);
}

// Of frames one after the other, those before the first that is cut off, spoilt, or an answer.
std::string_view whole_parts(std::string_view frames);

}  // namespace lambdapool
