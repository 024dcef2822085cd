// The answer to InvokeWithResponseStream, read as it comes: frames of application/vnd.amazon.eventstream with
// the payload in pieces, and one that says how the invocation ended. It is made the answer that Invoke would
// have given.
//
// The payload is an answer as others are; or, of a worker that tells outcomes early, frames of
// docs/protocol.md, Parts, the last of which holds the answer.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "core/parts_reader.hpp"
#include "http/body_stream.hpp"

namespace lambdapool::aws {

class AnswerStream final : public http::AnswerReader {
 public:
  // Gets what comes ahead of the answer: of each attempt first "", then the frames, in any pieces.
  using Ahead = std::function<void(std::string_view piece)>;
  explicit AnswerStream(Ahead ahead);

  bool takes(int status, const http::Headers& headers) override;
  // Error kind protocol; kind service where the service reports one.
  Result<void> read(std::string_view piece) override;
  Result<void> finish(http::Response& answer) override;

 private:
  struct Message;
  enum class Shape { unknown, answer, parts };

  Result<void> take(const Message& message);
  Result<void> take_payload(std::string_view piece);
  Result<void> take_end(std::string_view json);

  const Ahead ahead_;
  std::string rest_;  // a message of which the end is still to come
  bool complete_ = false;
  std::string log_tail_;
  std::string error_code_;
  std::string error_details_;

  std::uint64_t payload_bytes_ = 0;
  Shape shape_ = Shape::unknown;
  PartsReader parts_;
  std::string answer_;
};

}  // namespace lambdapool::aws
