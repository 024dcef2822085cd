#include "gcp/run/call_stream.hpp"

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "core/encoding.hpp"
#include "core/part_frames.hpp"

namespace lambdapool::gcp::run {
namespace {

// An answer has at most 32 MiB, as has all that comes ahead of it.
constexpr PartsReader::Kinds stream_kinds{.last = "AE", .kept = "L", .bytes_max = 48u << 20};

constexpr std::chrono::minutes silence_of_the_dead{2};

std::string type_of(const std::string& json) {
  const auto error = nlohmann::json::parse(json, nullptr, false);
  const auto type = error.is_object() ? error.find("errorType") : error.end();
  return type != error.end() && type->is_string() ? type->get<std::string>() : "Unhandled";
}

}  // namespace

bool is_stream(const http::Headers& headers) {
  return headers.get("Content-Type").starts_with(parts_media_type);
}

CallStream::CallStream(Ahead ahead) : ahead_(std::move(ahead)), parts_(stream_kinds, ahead_) {}

bool CallStream::takes(int status, const http::Headers& headers) {
  parts_.reset();
  ahead_("");
  return status == 200 && is_stream(headers);
}

Result<void> CallStream::finish(http::Response& answer) {
  if (parts_.last() == '\0')
    return fail(ErrorKind::worker_died, "the worker's answer ends before it is complete");
  if (const std::string log = parts_.take('L'); !log.empty())
    answer.headers.set("X-Lambdapool-Log", base64_encode(log));
  answer.body = parts_.take(parts_.last());
  if (parts_.last() == 'E') answer.headers.set("X-Lambdapool-Error", type_of(answer.body));
  return {};
}

CallStream::Time CallStream::next_by(Time now, Time) const { return now + silence_of_the_dead; }

}  // namespace lambdapool::gcp::run
