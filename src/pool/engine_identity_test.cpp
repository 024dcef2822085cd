// The engine and credentials that end in mid-run, against a stub service that knows which token is valid.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <map>
#include <memory>
#include <vector>

#include "aws/lambda/invoke.hpp"
#include "http/server.hpp"
#include "pool/engine.hpp"

namespace lambdapool::pool {
namespace {

using testing::HasSubstr;

constexpr int calls = 200;

class Source final : public identity::Fetcher {
 public:
  using Answer = std::function<Result<aws::Credentials>()>;
  explicit Source(Answer answer) : answer_(std::move(answer)) {}
  Result<aws::Credentials> fetch() override { return answer_(); }
  void stop() override {}

 private:
  Answer answer_;
};

class EngineIdentityTest : public testing::Test {
 protected:
  // Runs what comes with the token `valid`, and refuses everything else as AWS does.
  EngineIdentityTest() {
    auto made = http::listen_tcp(
        service_loop_, "127.0.0.1", 0, [this](http::Request request, http::Responder responder) {
          if (request.headers.get("X-Amz-Security-Token") == valid_) {
            ++runs_[request.body];
            return responder.send({200, {}, std::move(request.body)});
          }
          ++refused_;
          responder.send({403,
                          {{"x-amzn-ErrorType", "ExpiredTokenException"}},
                          R"({"message":"The security token included in the request is expired"})"});
        });
    EXPECT_TRUE(made);
    listener_ = std::move(*made);
  }

  std::unique_ptr<Engine> open(Source::Answer source, int workers = 20) {
    target::Target target;
    target.name = "aws";
    target.endpoint = listener_->endpoint();
    target.region = "us-east-1";
    target.provider = std::make_shared<identity::Provider>(
        aws::Credentials{{"OLD", "secret", "old"}, "a test"}, std::make_unique<Source>(std::move(source)));
    auto engine = Engine::open(std::move(target), {.function = "f", .workers = workers});
    EXPECT_TRUE(engine);
    return std::move(*engine);
  }

  struct Ends {
    int answers = 0;
    std::map<std::string, int> errors = {};
  };
  static Ends run(Engine& engine, const std::string& filling = "") {
    std::latch left(calls);
    std::vector<std::string> error(calls);
    for (int i = 0; i < calls; ++i) {
      engine.submit(static_cast<Engine::Id>(i), filling + std::to_string(i),
                    [&, i](Result<aws::Invoked> result) {
                      if (!result) error[static_cast<std::size_t>(i)] = result.error().message;
                      left.count_down();
                    });
    }
    left.wait();
    Ends ends;
    for (const auto& text : error) {
      if (text.empty())
        ++ends.answers;
      else
        ++ends.errors[text];
    }
    return ends;
  }

  http::EventLoop service_loop_;
  std::string valid_ = "new";
  int refused_ = 0;
  std::map<std::string, int> runs_;
  std::unique_ptr<http::Listener> listener_;
};

Result<aws::Credentials> new_ones() { return aws::Credentials{{"NEW", "secret", "new"}, "a test"}; }

TEST_F(EngineIdentityTest, ATokenThatExpiresInMidRunIsRenewedOnceAndEveryCallRunsOnce) {
  std::atomic<int> asked{0};
  auto engine = open([&] {
    ++asked;
    return new_ones();
  });
  const auto ends = run(*engine);
  engine.reset();
  EXPECT_EQ(ends.answers, calls);
  EXPECT_EQ(asked, 1);
  EXPECT_GT(refused_, 0);
  EXPECT_LE(refused_, 20);  // nothing is sent while the renewal lasts
  EXPECT_EQ(runs_.size(), static_cast<std::size_t>(calls));
  for (const auto& [body, times] : runs_) EXPECT_EQ(times, 1) << body;
}

TEST_F(EngineIdentityTest, LargePayloadsAreSignedAnewToo) {
  auto engine = open(new_ones, 4);
  EXPECT_EQ(run(*engine, std::string(300'000, '1')).answers, calls);
}

TEST_F(EngineIdentityTest, WithoutNewOnesEveryCallEndsWithTheReason) {
  auto engine =
      open([]() -> Result<aws::Credentials> { return fail(ErrorKind::credentials, "sign in again"); });
  const auto ends = run(*engine);
  EXPECT_EQ(ends.errors, (std::map<std::string, int>{{"sign in again", calls}}));
}

TEST_F(EngineIdentityTest, NewOnesThatAreRefusedAsWellEndTheCall) {
  valid_ = "nothing";
  std::atomic<int> asked{0};
  auto engine = open([&]() -> Result<aws::Credentials> {
    const auto number = std::to_string(++asked);
    return aws::Credentials{{"NEW" + number, "secret", "new" + number}, "a test"};
  });
  const auto ends = run(*engine);
  EXPECT_EQ(ends.answers, 0);
  ASSERT_EQ(ends.errors.size(), 1U);
  EXPECT_THAT(ends.errors.begin()->first, HasSubstr("credentials have expired"));
}

TEST_F(EngineIdentityTest, ACloseDuringARenewalLosesNoCall) {
  std::latch asked(1);
  std::latch let_go(1);
  std::latch left(calls);
  std::atomic<int> cancelled{0};
  auto engine = open([&] {
    asked.count_down();
    let_go.wait();
    return new_ones();
  });
  for (int i = 0; i < calls; ++i) {
    engine->submit(static_cast<Engine::Id>(i), "1", [&](Result<aws::Invoked> result) {
      if (!result && result.error().kind == ErrorKind::cancelled) ++cancelled;
      left.count_down();
    });
  }
  asked.wait();
  engine->terminate();
  left.wait();
  EXPECT_EQ(cancelled, calls);
  let_go.count_down();
}

}  // namespace
}  // namespace lambdapool::pool
