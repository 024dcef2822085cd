#include "aws/lambda/answer_stream.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/checksum.hpp"
#include "core/json_scan.hpp"
#include "core/limits.hpp"

namespace lambdapool::aws {
namespace {

constexpr std::string_view media_type = "application/vnd.amazon.eventstream";
constexpr std::size_t prelude_bytes = 12, checksum_bytes = 4;
constexpr std::size_t message_bytes_max = std::size_t{24} << 20;  // as botocore has it
constexpr auto payload_bytes_max = static_cast<std::uint64_t>(limits::streamed_payload_bytes_max);
constexpr PartsReader::Kinds parts_kinds{.last = "A", .bytes_max = payload_bytes_max};

std::uint32_t big_endian(std::string_view bytes, std::size_t at, std::size_t size = 4) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

// Of a header's value, by its type: true, false, byte, short, integer, long, bytes, text, time, UUID.
std::optional<std::size_t> value_size(std::uint8_t type, std::string_view rest) {
  constexpr std::size_t fixed[] = {0, 0, 1, 2, 4, 8, 0, 0, 8, 16};
  if (type >= std::size(fixed)) return std::nullopt;
  if (type != 6 && type != 7) return fixed[type];
  return rest.size() < 2 ? std::nullopt : std::optional<std::size_t>(2 + big_endian(rest, 0, 2));
}

// An error as Invoke's body has it. What a function streams before it fails need not be one.
std::string error_body(const std::string& code, const std::string& details, std::string payload) {
  for (std::string text : {details, std::move(payload)}) {
    const auto error = nlohmann::json::parse(text, nullptr, false);
    if (error.is_object() && error.contains("errorType")) return text;
  }
  return nlohmann::json{{"errorType", code}, {"errorMessage", details}}.dump(
      -1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

struct AnswerStream::Message {
  std::string_view kind;  // event, error, exception
  std::string_view type;  // of an event or exception
  std::string_view payload;

  // Of a whole message whose checksums are right. False: its headers are malformed.
  bool read(std::string_view bytes) {
    std::string_view headers = bytes.substr(prelude_bytes, big_endian(bytes, 4));
    payload = bytes.substr(prelude_bytes + headers.size(),
                           bytes.size() - prelude_bytes - headers.size() - checksum_bytes);
    while (!headers.empty()) {
      const std::size_t name_size = static_cast<unsigned char>(headers[0]);
      if (headers.size() < name_size + 2) return false;
      const auto name = headers.substr(1, name_size);
      const auto value_type = static_cast<std::uint8_t>(headers[1 + name_size]);
      headers.remove_prefix(name_size + 2);
      const auto size = value_size(value_type, headers);
      if (!size || *size > headers.size()) return false;
      if (value_type == 7) {
        const auto text = headers.substr(2, *size - 2);
        if (name == ":message-type") kind = text;
        if (name == ":event-type" || name == ":exception-type" || name == ":error-code") type = text;
      }
      headers.remove_prefix(*size);
    }
    return true;
  }
};

AnswerStream::AnswerStream(Ahead ahead) : ahead_(std::move(ahead)), parts_(parts_kinds, ahead_) {}

bool AnswerStream::takes(int status, const http::Headers& headers) {
  if (status != 200 || !headers.get("Content-Type").starts_with(media_type)) return false;
  rest_.clear();
  complete_ = false;
  log_tail_.clear();
  error_code_.clear();
  error_details_.clear();
  payload_bytes_ = 0;
  shape_ = Shape::unknown;
  answer_.clear();
  parts_.reset();
  ahead_("");
  return true;
}

Result<void> AnswerStream::read(std::string_view piece) {
  std::string_view left = piece;
  if (!rest_.empty()) left = rest_ += piece;
  while (left.size() >= prelude_bytes) {
    const std::size_t size = big_endian(left, 0), headers = big_endian(left, 4);
    if (crc32(0, left.substr(0, 8)) != big_endian(left, 8))
      return unreadable_stream("the checksum of a message's lengths is wrong");
    if (size > message_bytes_max || size < prelude_bytes + checksum_bytes ||
        headers > size - prelude_bytes - checksum_bytes)
      return unreadable_stream("a message has impossible lengths");
    if (left.size() < size) break;
    const auto whole = left.substr(0, size);
    if (crc32(0, whole.substr(0, size - checksum_bytes)) != big_endian(whole, size - checksum_bytes))
      return unreadable_stream("the checksum of a message is wrong");
    Message message;
    if (!message.read(whole)) return unreadable_stream("the headers of a message are malformed");
    if (auto taken = take(message); !taken) return taken;
    left.remove_prefix(size);
  }
  if (rest_.empty()) {
    rest_ = left;
  } else {
    rest_.erase(0, rest_.size() - left.size());
  }
  return {};
}

// Events of other names are of a later version.
Result<void> AnswerStream::take(const Message& message) {
  if (message.kind != "event" && !message.kind.empty())
    return fail(ErrorKind::service,
                "the service broke the streamed answer off: " + std::string(message.type) + " " +
                    std::string(message.payload.substr(0, 500)) + "; the function may have run");
  if (complete_) return unreadable_stream("it goes on after its end");
  if (message.type == "PayloadChunk") return take_payload(message.payload);
  if (message.type == "InvokeComplete") return take_end(message.payload);
  return {};
}

Result<void> AnswerStream::take_end(std::string_view json) {
  complete_ = true;
  if (json.empty()) return {};
  const auto fault = scan_json_object(json, [this](std::string_view name, const JsonValue& value) {
    if (value.type != JsonValue::Type::string) return;
    std::string* const to = name == "LogResult"      ? &log_tail_
                            : name == "ErrorCode"    ? &error_code_
                            : name == "ErrorDetails" ? &error_details_
                                                     : nullptr;
    if (to != nullptr) *to = value.escaped ? unescape_json(value.text).value_or("") : std::string(value.text);
  });
  return fault ? unreadable_stream("its end is no JSON object: " + *fault) : Result<void>();
}

Result<void> AnswerStream::take_payload(std::string_view piece) {
  if (piece.empty()) return {};
  payload_bytes_ += piece.size();
  if (payload_bytes_ > payload_bytes_max + (1 << 20))
    return unreadable_stream("it has more than " + std::to_string(payload_bytes_max) + " bytes");
  // An answer is JSON, and no JSON begins like a part.
  constexpr std::string_view first_kinds = "HAO";
  if (shape_ == Shape::unknown)
    shape_ = first_kinds.find(piece[0]) == std::string_view::npos ? Shape::answer : Shape::parts;
  if (shape_ == Shape::parts) return parts_.read(piece);
  answer_ += piece;
  return {};
}

Result<void> AnswerStream::finish(http::Response& answer) {
  if (!complete_ || !rest_.empty()) return unreadable_stream("it ends before the invocation does");
  if (!log_tail_.empty()) answer.headers.add("X-Amz-Log-Result", std::move(log_tail_));
  if (!error_code_.empty()) {
    answer.headers.set("X-Amz-Function-Error", "Unhandled");
    answer.body = error_body(error_code_, error_details_,
                             shape_ == Shape::answer ? std::exchange(answer_, {}) : std::string());
    return {};
  }
  if (shape_ == Shape::parts && parts_.last() == '\0') return unreadable_stream("there is no answer in it");
  answer.body = shape_ == Shape::parts ? parts_.take('A') : std::exchange(answer_, {});
  return {};
}

}  // namespace lambdapool::aws
