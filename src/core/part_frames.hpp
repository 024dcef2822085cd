// Frames in which a worker tells outcomes ahead of its answer, whatever carries them (docs/protocol.md,
// Parts).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lambdapool {

inline constexpr std::size_t part_head_bytes = 17;  // kind, three numbers, checksum

// Of an answer that consists of them; who calls an HTTP worker accepts it by this name.
inline constexpr const char* parts_media_type = "application/vnd.lambdapool.parts";

// A call's header by which its sender asks who reads the worker's output to put it into such frames.
inline constexpr const char* live_output_header = "X-Lambdapool-Output";
inline constexpr const char* live_output_value = "live";

// Which items a frame is about, as a call numbers them.
struct PartItems {
  std::uint32_t first = 0;
  std::uint32_t count = 0;
};

// What stands before a frame's content, taken apart.
struct PartHead {
  explicit PartHead(std::string_view bytes);  // begins with one: there are at least part_head_bytes

  bool is_of(std::string_view content) const;  // which is all of it

  char kind;
  std::uint32_t size;  // of the content
  PartItems items;
  std::uint32_t checksum;    // of the numbers before it and the content
  std::uint32_t of_numbers;  // so far, without the content
};

// What stands before a frame's content, which is less than 4 GiB: `content` and then `more`.
std::string part_head(char kind, PartItems items, std::string_view content, std::string_view more = {});

inline std::string part_frame(char kind, PartItems items, std::string_view content = {}) {
  return part_head(kind, items, content).append(content);
}

// Frames for what a task writes, as it comes: whole lines, in whole frames, and so much of a call and no
// more, of which the last line tells.
class OutputFrames {
 public:
  static constexpr std::size_t bytes_max = std::size_t{16} << 20;

  // Of lines that have come, the last perhaps without its end, which it then gets. "": no more is told.
  std::string of(std::string_view lines);

 private:
  std::size_t left_ = bytes_max;
};

// Of frames one after the other, those before the first that is cut off, spoilt, or ends a call.
std::string_view whole_parts(std::string_view frames);

}  // namespace lambdapool
