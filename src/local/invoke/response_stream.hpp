// The answer to InvokeWithResponseStream: a payload as frames of application/vnd.amazon.eventstream, then one
// that says how the invocation ended. The frames go out as the function streams.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "http/body_stream.hpp"
#include "http/message.hpp"
#include "local/worker/invocation.hpp"

namespace lambdapool::local {

// `type`: PayloadChunk or InvokeComplete.
std::string event_frame(std::string_view type, std::string_view content_type, std::string_view payload);

// On the loop's thread. One that is destroyed before its end breaks the answer off.
class ResponseStream {
 public:
  // Answers through `respond`, once: when the function begins to stream, or at its end.
  ResponseStream(std::function<void(http::Response)> respond, std::string version, bool log_tail)
      : respond_(std::move(respond)), version_(std::move(version)), log_tail_(log_tail) {}
  ~ResponseStream();
  ResponseStream(const ResponseStream&) = delete;
  ResponseStream& operator=(const ResponseStream&) = delete;

  void write(std::string_view payload);  // of what comes after the end, nothing is passed on
  // What a runtime of ours tells ahead of its answer, which is then a part of its own (docs/protocol.md,
  // Parts). Nothing of what comes after a write() is passed on: that goes on to the end. Nor of what is
  // spoilt (tasks can write to their process's memory): who reads a stream must find its end.
  void write_parts(std::string_view parts);
  // A frame of what the function writes, from who reads that, likewise.
  void write_output(std::string_view frame);
  // With what the function has not streamed of its answer. An error is in the last frame: its errorType, and
  // all of it.
  void end(InvocationResult result);

 private:
  void write_chunks(std::string_view payload);
  http::Response answer() const;  // without its body

  const std::function<void(http::Response)> respond_;
  const std::string version_;
  const bool log_tail_;
  std::shared_ptr<http::LiveBody> body_;
  bool has_parts_ = false;
  bool spoilt_ = false;
  bool streamed_ = false;
  bool ended_ = false;
};

}  // namespace lambdapool::local
