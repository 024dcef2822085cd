#include "local/worker/runtime_api.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "core/limits.hpp"

namespace lambdapool::local {
namespace {

using ::testing::ElementsAre;
using namespace std::chrono_literals;
using namespace std::string_literals;

class RuntimeApiTest : public ::testing::Test {
 protected:
  class Sink : public http::Responder::Sink {
   public:
    explicit Sink(std::vector<std::string>& told) : told_(told) {}
    void send(http::Response response) override {
      told_.push_back("runtime " + std::to_string(response.status));
    }
    void on_disconnect(std::function<void()>) override {}
    void release_memory() override {}

   private:
    std::vector<std::string>& told_;
  };

  void request(const std::string& method, const std::string& path, std::string body = {}) {
    http::Request request;
    request.method = method;
    request.target = "/2018-06-01/runtime/" + path;
    request.body = std::move(body);
    api_.handle(std::move(request), http::Responder(std::make_unique<Sink>(told_)));
  }

  void run_one() {
    request("GET", "invocation/next");
    api_.deliver({Invocation{"one", "{}", "", ""}, 0, ""});
    told_.clear();
  }

  std::vector<std::string> told_;
  RuntimeApi api_{{[] {}, [this](RuntimeApi::Kind, const std::string&) { told_.push_back("worker"); },
                   [](const std::string&, const std::string&) {}, [](std::string_view) {}, [](bool) {},
                   [this] { told_.push_back("log"); }}};
};

// Its next invocation may be there already: what that writes is not this one's.
TEST_F(RuntimeApiTest, AnAnswerIsHeardBeforeItIsAcknowledged) {
  for (const char* path : {"invocation/one/response", "invocation/one/error"}) {
    run_one();
    request("POST", path, "{}");
    EXPECT_THAT(told_, ElementsAre("worker", "runtime 202")) << path;
  }
}

TEST_F(RuntimeApiTest, SoIsOneThatIsTooLarge) {
  run_one();
  request("POST", "invocation/one/response",
          std::string(static_cast<std::size_t>(limits::response_payload_bytes_max) + 1, ' '));
  EXPECT_THAT(told_, ElementsAre("worker", "runtime 413"));
}

TEST_F(RuntimeApiTest, ATaskInAPacketSaysWhetherItsCallerWaits) {
  for (const bool waits : {false, true}) {
    std::string told;
    api_.packet("R", [&](std::string_view packet) { told = packet; });
    api_.deliver({Invocation{"one", "{\"encoding\":\"raw\"}\0body"s, "", ""}, 0, "trace", 5ms, waits});
    EXPECT_EQ(told, std::string(waits ? "W" : "T") + "one\n5\ntrace\0{\"encoding\":\"raw\"}\0body"s);
    api_.packet("Qone", [](std::string_view) {});
  }
}

// Behind a stream's first piece nothing can be told of what is beside it.
TEST_F(RuntimeApiTest, WhatWasWrittenIsHeardBeforeAStreamBegins) {
  request("GET", "invocation/next");
  Invocation invocation{"one", "{}", "", ""};
  invocation.stream = [this](std::string_view piece) { told_.push_back("piece " + std::string(piece)); };
  api_.deliver({std::move(invocation), 0, ""});
  told_.clear();
  http::Request head;
  head.method = "POST";
  head.target = "/2018-06-01/runtime/invocation/one/response";
  head.headers.set("Lambda-Runtime-Function-Response-Mode", "streaming");
  const auto body = api_.divert(head);
  ASSERT_TRUE(body);
  body->write("x");
  EXPECT_THAT(told_, ElementsAre("log", "piece ", "piece x"));
}

}  // namespace
}  // namespace lambdapool::local
