// An endpoint that answers every request at once with the same small envelope, so that a benchmark of
// clients measures the client. Prints its port; ends when standard input closes. InvokeWithResponseStream is
// answered as such, all at once.
//   --delay-ms MS        each answer comes that much later
//   --invocations COUNT  it is a Runtime API as well; COUNT invocations later it prints a line, and who asks
//                        then waits
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/descriptor_limit.hpp"
#include "http/event_loop.hpp"
#include "http/server.hpp"
#include "local/invoke/response_stream.hpp"

namespace http = lambdapool::http;

namespace {

constexpr const char* answer =
    R"({"lambdapool":1,"codec":"pickle","peer":"3.11","encoding":"base64","outcome":"gARLAS4="})";

class Stub {
 public:
  Stub(http::EventLoop& loop, std::chrono::milliseconds delay, int invocations)
      : loop_(loop), delay_(delay), invocations_(invocations), left_(invocations) {}

  void handle(const http::Request& request, http::Responder responder) {
    if (request.target.ends_with("/invocation/next")) return hand_out(std::move(responder));
    if (request.target.starts_with("/2018-06-01/")) return responder.send({.status = 202, .body = "{}"});
    if (request.target.ends_with("/response-streaming-invocations")) return responder.send(streamed());
    if (delay_ == delay_.zero()) return responder.send(outcome());
    const auto id = ++last_;
    waiting_.emplace(
        id, Waiting{std::move(responder), loop_.call_after(delay_, [this, id] { answer_late(id); })});
  }

 private:
  struct Waiting {
    http::Responder responder;
    std::unique_ptr<http::EventLoop::Timer> timer;
  };

  static http::Response outcome() {
    return {.status = 200,
            .headers = {{"Content-Type", "application/json"},
                        {"x-amzn-RequestId", "00000000-0000-4000-8000-000000000000"},
                        {"X-Amz-Executed-Version", "$LATEST"}},
            .body = answer};
  }

  static http::Response streamed() {
    static const std::string body =
        lambdapool::local::event_frame("PayloadChunk", "application/octet-stream", answer) +
        lambdapool::local::event_frame("InvokeComplete", "application/json", "{}");
    http::Response response = outcome();
    response.headers.set("Content-Type", "application/vnd.amazon.eventstream");
    response.body = body;
    return response;
  }

  void answer_late(std::uint64_t id) {
    auto node = waiting_.extract(id);
    node.mapped().responder.send(outcome());
  }

  void hand_out(http::Responder responder) {
    if (left_-- == 0) {
      left_ = invocations_;
      std::cout << "done" << std::endl;
      waiting_.emplace(++last_, Waiting{std::move(responder), nullptr});
      return;
    }
    responder.send({.status = 200,
                    .headers = {{"Content-Type", "application/json"},
                                {"Lambda-Runtime-Aws-Request-Id", "00000000-0000-4000-8000-000000000000"},
                                {"Lambda-Runtime-Deadline-Ms", "4102444800000"},
                                {"Lambda-Runtime-Invoked-Function-Arn",
                                 "arn:aws:lambda:us-east-1:000000000000:function:bench"}},
                    .body = answer});
  }

  http::EventLoop& loop_;
  const std::chrono::milliseconds delay_;
  const int invocations_;
  int left_;
  std::uint64_t last_ = 0;
  std::unordered_map<std::uint64_t, Waiting> waiting_;
};

}  // namespace

int main(int argc, char** argv) {
  lambdapool::raise_descriptor_limit();
  int delay_ms = 0, invocations = 0;
  for (int i = 1; i + 1 < argc; i += 2) {
    (argv[i] == std::string_view("--delay-ms") ? delay_ms : invocations) = std::atoi(argv[i + 1]);
  }
  http::EventLoop loop;
  Stub stub(loop, std::chrono::milliseconds(delay_ms), invocations);
  auto listener =
      http::listen_tcp(loop, "127.0.0.1", 0, [&](const http::Request& request, http::Responder responder) {
        stub.handle(request, std::move(responder));
      });
  if (!listener) {
    std::cerr << listener.error().message << "\n";
    return 1;
  }
  std::cout << (*listener)->endpoint().port << std::endl;
  std::string line;
  while (std::getline(std::cin, line)) {
  }
  return 0;
}
