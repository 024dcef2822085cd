// An endpoint that answers every request at once with the same small envelope, so that a benchmark of
// clients measures the client. Prints its port; ends when standard input closes.
#include <cstdio>
#include <iostream>
#include <string>

#include "http/event_loop.hpp"
#include "http/server.hpp"

namespace http = lambdapool::http;

int main() {
  http::EventLoop loop;
  const std::string answer =
      R"({"lambdapool":1,"codec":"pickle","peer":"3.11","encoding":"base64","outcome":"gARLAS4="})";
  auto listener = http::listen_tcp(loop, "127.0.0.1", 0, [&](http::Request, http::Responder responder) {
    responder.send({.status = 200,
                    .headers = {{"Content-Type", "application/json"},
                                {"x-amzn-RequestId", "00000000-0000-4000-8000-000000000000"},
                                {"X-Amz-Executed-Version", "$LATEST"}},
                    .body = answer});
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
