// An instance's answer on its way to whoever called: one that comes in chunks goes on as it comes, any other
// when it is whole. In the place of one that does not come, the platform answers; one that ends in the middle
// is broken off.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>

#include "http/answer.hpp"
#include "http/body_stream.hpp"
#include "http/message.hpp"

namespace lambdapool::local::run {

// On the loop's thread.
class PassedAnswer final : public http::AnswerReader {
 public:
  static constexpr std::size_t untaken_max = std::size_t{64} << 20;  // of bytes that the caller has not read

  // Answers through `respond`, once.
  explicit PassedAnswer(std::function<void(http::Response)> respond) : respond_(std::move(respond)) {}

  bool takes(int status, const http::Headers& headers) override;
  // Error kind io: the caller reads too slowly. One that has gone is none: what its task does, it does.
  Result<void> read(std::string_view piece) override;
  Result<void> finish(http::Response&) override { return {}; }
  // A service's timeout holds for streams, too.
  Time next_by(Time, Time until) const override { return until; }

  // Nothing more comes.
  void end(http::Answer answer);

 private:
  const std::function<void(http::Response)> respond_;
  bool has_begun_ = false;
  std::weak_ptr<http::LiveBody> body_;  // the caller's, who may go
};

}  // namespace lambdapool::local::run
