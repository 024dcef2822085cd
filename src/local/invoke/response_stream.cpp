#include "local/invoke/response_stream.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <nlohmann/json.hpp>

#include "core/checksum.hpp"
#include "http/body_stream.hpp"
#include "local/invoke/invoke_request.hpp"

namespace lambdapool::local {
namespace {

constexpr std::size_t chunk_bytes = std::size_t{64} << 10;
constexpr std::string_view chunk_content = "application/octet-stream";

void append_number(std::string& frame, std::uint32_t number) {
  for (const int shift : {24, 16, 8, 0}) frame += static_cast<char>(number >> shift & 0xff);
}

// Of strings alone.
std::string encoded_headers(std::string_view type, std::string_view content_type) {
  constexpr char string_type = 7;
  std::string headers;
  const std::pair<std::string_view, std::string_view> all[] = {
      {":message-type", "event"}, {":event-type", type}, {":content-type", content_type}};
  for (const auto& [name, value] : all) {
    headers += static_cast<char>(name.size());
    headers += name;
    headers += string_type;
    headers += static_cast<char>(value.size() >> 8);
    headers += static_cast<char>(value.size() & 0xff);
    headers += value;
  }
  return headers;
}

// Frames are made as they are sent: a payload may have 200 MB.
class Frames final : public http::BodySource {
 public:
  Frames(std::string payload, std::string last)
      : payload_(std::move(payload)),
        last_(std::move(last)),
        size_(chunks() * event_frame("PayloadChunk", chunk_content, "").size() + payload_.size() +
              last_.size()) {}

  std::uint64_t size() const override { return size_; }

  std::size_t read(char* piece, std::size_t most) override {
    if (at_ == frame_.size()) next_frame();
    const std::size_t bytes = std::min(most, frame_.size() - at_);
    std::memcpy(piece, frame_.data() + at_, bytes);
    at_ += bytes;
    return bytes;
  }

 private:
  std::size_t chunks() const { return (payload_.size() + chunk_bytes - 1) / chunk_bytes; }

  void next_frame() {
    at_ = 0;
    if (sent_ == payload_.size()) {
      frame_ = std::exchange(last_, {});
      return;
    }
    const auto chunk = std::string_view(payload_).substr(sent_, chunk_bytes);
    sent_ += chunk.size();
    frame_ = event_frame("PayloadChunk", chunk_content, chunk);
  }

  std::string payload_;
  std::string last_;
  const std::uint64_t size_;
  std::size_t sent_ = 0;
  std::string frame_;
  std::size_t at_ = 0;  // of frame_
};

std::string error_type(const std::string& payload) {
  const auto error = nlohmann::json::parse(payload, nullptr, false);
  if (error.is_object() && error.contains("errorType") && error["errorType"].is_string())
    return error["errorType"];
  return "Unhandled";
}

std::string end_of(const InvocationResult& result, bool log_tail) {
  auto told = nlohmann::json::object();
  if (result.function_error) {
    told["ErrorCode"] = error_type(result.payload);
    told["ErrorDetails"] = result.payload;
  }
  if (log_tail) told["LogResult"] = log_result(result.log);
  return told.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

std::string event_frame(std::string_view type, std::string_view content_type, std::string_view payload) {
  const std::string headers = encoded_headers(type, content_type);
  constexpr std::size_t numbers = 4 * sizeof(std::uint32_t);  // two lengths, two checksums
  std::string frame;
  frame.reserve(numbers + headers.size() + payload.size());
  append_number(frame, static_cast<std::uint32_t>(numbers + headers.size() + payload.size()));
  append_number(frame, static_cast<std::uint32_t>(headers.size()));
  append_number(frame, crc32(0, frame));
  frame += headers;
  frame += payload;
  append_number(frame, crc32(0, frame));
  return frame;
}

http::Response stream_response(InvocationResult result, const std::string& version, bool log_tail) {
  http::Response response;
  response.headers.add("Content-Type", "application/vnd.amazon.eventstream");
  response.headers.add("X-Amz-Executed-Version", version);
  auto last = event_frame("InvokeComplete", "application/json", end_of(result, log_tail));
  response.source = std::make_shared<Frames>(
      std::move(result.function_error ? result.streamed : result.payload), std::move(last));
  return response;
}

}  // namespace lambdapool::local
