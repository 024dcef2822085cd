// Whatever a streamed answer consists of is read or an error, and the same in any pieces. Input: a byte for
// the size of the pieces, one that says what follows (bytes, the parts of a call, or those within Lambda's
// frames, with good checksums but for the last), then for each part its kind, a length and as many bytes.
#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>

#include "aws/lambda/answer_stream.hpp"
#include "core/checksum.hpp"
#include "core/part_frames.hpp"
#include "core/parts_reader.hpp"
#include "http/message.hpp"

using namespace lambdapool;

namespace {

constexpr std::string_view event_stream = "application/vnd.amazon.eventstream";
enum class Kind { bytes, parts, events };

void append_number(std::string& frame, std::size_t number) {
  for (const int shift : {24, 16, 8, 0}) frame += static_cast<char>(number >> shift & 0xff);
}

std::string event(std::string_view type, std::string_view payload) {
  std::string headers;
  for (const auto& [name, value] : {std::pair<std::string_view, std::string_view>(":message-type", "event"),
                                    std::pair<std::string_view, std::string_view>(":event-type", type)}) {
    headers.append(1, static_cast<char>(name.size())).append(name).append("\7\0", 2);
    headers.append(1, static_cast<char>(value.size())).append(value);
  }
  std::string frame;
  append_number(frame, 16 + headers.size() + payload.size());
  append_number(frame, headers.size());
  append_number(frame, crc32(0, frame));
  frame.append(headers).append(payload);
  append_number(frame, crc32(0, frame));
  return frame;
}

std::string stream_of(Kind kind, std::string_view input) {
  if (kind == Kind::bytes) return std::string(input);
  std::string stream;
  while (input.size() > 2) {
    const auto content = input.substr(2, static_cast<unsigned char>(input[1]));
    if (kind == Kind::parts) {
      stream += part_frame(input[0], {0, 1}, content);
    } else {
      stream += event(input[0] == 'I' ? "InvokeComplete" : "PayloadChunk", content);
    }
    input.remove_prefix(2 + content.size());
  }
  if (!input.empty() && !stream.empty()) stream.back() = static_cast<char>(stream.back() ^ input[0]);
  return stream;
}

template <class Read>
bool in_pieces(std::string_view stream, std::size_t size, const Read& read) {
  for (; !stream.empty(); stream.remove_prefix(std::min(size, stream.size())))
    if (!read(stream.substr(0, size))) return false;
  return true;
}

std::string told_by_parts(std::string_view stream, std::size_t size) {
  std::string told;
  PartsReader reader({"AB", "K", 1'000}, [&](std::string_view piece) { told += piece; });
  if (!in_pieces(stream, size, [&](std::string_view piece) { return reader.read(piece).has_value(); }))
    return "unreadable";
  const char last = reader.last();
  return told + '|' + last + '|' + reader.take('A') + '|' + reader.take('K');
}

std::string told_by_events(std::string_view stream, std::size_t size) {
  std::string told;
  aws::AnswerStream reader([&](std::string_view piece) { told += piece; });
  http::Response answer{200, {{"Content-Type", std::string(event_stream)}}};
  if (!reader.takes(200, answer.headers)) std::abort();
  if (!in_pieces(stream, size, [&](std::string_view piece) { return reader.read(piece).has_value(); }))
    return "unreadable";
  if (!reader.finish(answer)) return "unfinished";
  for (const auto& header : answer.headers.items()) told += '|' + header.name + ':' + header.value;
  return told + '|' + std::to_string(answer.status) + answer.body;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size < 2) return 0;
  const auto kind = static_cast<Kind>(data[1] % 3);
  const std::string stream = stream_of(kind, {reinterpret_cast<const char*>(data) + 2, size - 2});
  const std::size_t piece = data[0] + std::size_t{1}, whole = stream.size() + 1;
  if (told_by_parts(stream, piece) != told_by_parts(stream, whole)) std::abort();
  if (told_by_events(stream, piece) != told_by_events(stream, whole)) std::abort();
  return 0;
}
