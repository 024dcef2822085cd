// The answer of an HTTP worker that streams, read as it comes: frames of docs/protocol.md, Parts, of which
// the last ones are the log and the answer, or the error in its place. It is made the answer that a worker
// gives which does not stream.
#pragma once

#include <functional>
#include <string_view>

#include "core/error.hpp"
#include "core/parts_reader.hpp"
#include "http/body_stream.hpp"
#include "http/message.hpp"

namespace lambdapool::gcp::run {

bool is_stream(const http::Headers& headers);  // those of an answer

class CallStream final : public http::AnswerReader {
 public:
  // Gets what comes ahead of the answer: of each attempt first "", then the frames, in any pieces.
  using Ahead = std::function<void(std::string_view piece)>;
  explicit CallStream(Ahead ahead);

  bool takes(int status, const http::Headers& headers) override;
  Result<void> read(std::string_view piece) override { return parts_.read(piece); }
  // Error kind worker_died: the instance's part ends here, without an answer.
  Result<void> finish(http::Response& answer) override;
  // A worker says every ten seconds that it is there.
  Time next_by(Time now, Time until) const override;

 private:
  const Ahead ahead_;
  PartsReader parts_;
};

}  // namespace lambdapool::gcp::run
