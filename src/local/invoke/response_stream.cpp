#include "local/invoke/response_stream.hpp"

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>

#include "core/checksum.hpp"
#include "core/part_frames.hpp"
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

std::string error_type(const std::string& payload) {
  const auto error = nlohmann::json::parse(payload, nullptr, false);
  if (error.is_object() && error.contains("errorType") && error["errorType"].is_string())
    return error["errorType"];
  return "Unhandled";
}

std::string end_of(const InvocationResult& result, bool log_tail) {
  if (!result.function_error)  // of most answers; the log is base64
    return log_tail ? R"({"LogResult":")" + log_result(result.log) + "\"}" : "{}";
  nlohmann::json told{{"ErrorCode", error_type(result.payload)}, {"ErrorDetails", result.payload}};
  if (log_tail) told["LogResult"] = log_result(result.log);
  return told.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string chunks_of(std::string_view payload) {
  std::string frames;
  for (; !payload.empty(); payload.remove_prefix(std::min(chunk_bytes, payload.size())))
    frames += event_frame("PayloadChunk", chunk_content, payload.substr(0, chunk_bytes));
  return frames;
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

ResponseStream::~ResponseStream() {
  if (body_) body_->end(http::LiveBody::End::broken);
}

void ResponseStream::write(std::string_view payload) {
  if (ended_) return;
  streamed_ = true;
  write_chunks(payload);
}

void ResponseStream::write_parts(std::string_view parts) {
  if (ended_ || streamed_ || spoilt_) return;
  const auto whole = whole_parts(parts);
  spoilt_ = whole.size() < parts.size();
  if (whole.empty()) return;
  has_parts_ = true;
  write_chunks(whole);
}

void ResponseStream::write_output(std::string_view frame) {
  if (ended_ || streamed_) return;
  has_parts_ = true;
  write_chunks(frame);
}

void ResponseStream::write_chunks(std::string_view payload) {
  if (!body_) {
    body_ = std::make_shared<http::LiveBody>();
    auto response = answer();
    response.live = body_;
    respond_(std::move(response));
  }
  body_->write(chunks_of(payload));
}

// Where nothing has been streamed all goes out at once: there is one wake-up for each side.
void ResponseStream::end(InvocationResult result) {
  if (result.refusal && !body_) return respond_(refusal_response(*result.refusal));
  ended_ = true;
  std::string last;
  if (!result.function_error) {
    if (has_parts_ && !streamed_) last = chunks_of(part_head('A', {}, result.payload));
    last += chunks_of(result.payload);
  }
  last += event_frame("InvokeComplete", "application/json", end_of(result, log_tail_));
  if (!body_) {
    auto response = answer();
    response.body = std::move(last);
    return respond_(std::move(response));
  }
  body_->write(last);
  body_->end(http::LiveBody::End::whole);
}

http::Response ResponseStream::answer() const {
  http::Response response;
  response.headers.add("Content-Type", "application/vnd.amazon.eventstream");
  response.headers.add("X-Amz-Executed-Version", version_);
  return response;
}

}  // namespace lambdapool::local
