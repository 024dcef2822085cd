// The answer of a function's URL whose InvokeMode is RESPONSE_STREAM: it goes out as the function streams.
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

// On the loop's thread. One that is destroyed before its end breaks the answer off.
class UrlStream {
 public:
  // Answers through `respond`, once.
  explicit UrlStream(std::function<void(http::Response)> respond) : respond_(std::move(respond)) {}
  ~UrlStream();
  UrlStream(const UrlStream&) = delete;
  UrlStream& operator=(const UrlStream&) = delete;

  // What is streamed begins. With the content type application/vnd.awslambda.http-integration-response it
  // begins with a prelude, which says status, headers and cookies; with any other it is the body of a 200.
  void begin(std::string content_type);
  void write(std::string_view piece);
  // What the function has returned without streaming is the body as it is. One that fails while it streams
  // breaks the answer off, before that it is answered with 502.
  void end(InvocationResult result);

 private:
  enum class State { waiting, prelude, body, answered };

  void answer(http::Response response);
  void open(http::Response response);
  void read_prelude(std::string_view piece);

  const std::function<void(http::Response)> respond_;
  State state_ = State::waiting;
  std::string prelude_;
  std::shared_ptr<http::LiveBody> body_;
};

}  // namespace lambdapool::local
