#include "local/url/stream.hpp"

#include <algorithm>

#include "local/control/refusal.hpp"
#include "local/url/answer.hpp"

namespace lambdapool::local {
namespace {

constexpr std::string_view with_prelude = "application/vnd.awslambda.http-integration-response";
constexpr std::string_view separator("\0\0\0\0\0\0\0\0", 8);
constexpr std::size_t prelude_bytes_max = std::size_t{1} << 20;

}  // namespace

UrlStream::~UrlStream() {
  if (body_) body_->end(http::LiveBody::End::broken);
}

void UrlStream::begin(std::string content_type) {
  if (state_ != State::waiting) return;
  if (content_type.starts_with(with_prelude)) {
    state_ = State::prelude;
    return;
  }
  http::Response response;
  response.headers.add("Content-Type",
                       content_type.empty() ? "application/octet-stream" : std::move(content_type));
  open(std::move(response));
}

void UrlStream::write(std::string_view piece) {
  if (state_ == State::prelude) return read_prelude(piece);
  if (state_ == State::body && !piece.empty()) body_->write(piece);
}

void UrlStream::end(InvocationResult result) {
  const State state = std::exchange(state_, State::answered);
  if (state == State::answered) return;
  if (state == State::body)
    return body_->end(result.function_error || result.refusal ? http::LiveBody::End::broken
                                                              : http::LiveBody::End::whole);
  if (result.refusal) return respond_(refusal_response(*result.refusal));
  if (result.function_error) return respond_(url_failure(result.payload));
  if (state == State::prelude)
    return respond_(
        url_refusal(502, "Internal Server Error: the function's stream ended before its prelude did."));
  http::Response response;
  response.headers.add("Content-Type", "application/json");
  response.body = std::move(result.payload);
  respond_(std::move(response));
}

void UrlStream::answer(http::Response response) {
  state_ = State::answered;
  respond_(std::move(response));
}

void UrlStream::open(http::Response response) {
  state_ = State::body;
  body_ = std::make_shared<http::LiveBody>();
  response.live = body_;
  respond_(std::move(response));
}

void UrlStream::read_prelude(std::string_view piece) {
  const auto seen = prelude_.size() - std::min(prelude_.size(), separator.size() - 1);
  prelude_ += piece;
  const auto end = prelude_.find(separator, seen);
  if (end == std::string::npos && prelude_.size() <= prelude_bytes_max) return;
  if (end == std::string::npos)
    return answer(url_refusal(502,
                              "Internal Server Error: the function's stream has no end of a prelude (eight "
                              "zero bytes) in its first megabyte."));
  auto head = url_head(prelude_.substr(0, end));
  if (!head) return answer(std::move(head.error()));
  const std::string rest = prelude_.substr(end + separator.size());
  prelude_.clear();
  open(std::move(*head));
  write(rest);
}

}  // namespace lambdapool::local
