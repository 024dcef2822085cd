// An engine and a service of the same process that takes calls before their turn.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <map>
#include <optional>

#include "http/in_process.hpp"
#include "pool/engine.hpp"

namespace lambdapool::pool {
namespace {

using http::Turn;
using testing::ElementsAre;
using testing::HasSubstr;

// Runs nothing by itself. What has its turn is `running`, what is early waits in `early`.
struct Held final : http::InProcess {
  http::EventLoop& loop() override { return own_loop; }
  void handle(http::Request request, http::Responder responder) override {
    const auto turn = request.turn;
    const std::string name = request.body;
    auto& held = turn->standing == Turn::Standing::early ? early : running;
    if (turn->standing == Turn::Standing::early && refuses) {
      turn->standing = Turn::Standing::returned;
      return responder.send({204});
    }
    held.emplace(name, std::make_shared<http::Responder>(std::move(responder)));
    turns[name] = turn;
    turn->give_back = [this, name] {
      if (turns[name]->items > 1 && will_begin > 0) return turns[name]->on_cut(will_begin);
      const auto node = early.extract(name);
      if (!node) return;
      turns[name]->standing = Turn::Standing::returned;
      node.mapped()->send({204});
    };
  }
  bool is_idle() const override { return running.empty() && early.empty(); }
  void begin(const std::string& name) {
    running.insert(early.extract(name));
    turns[name]->standing = Turn::Standing::begun;
    turns[name]->on_begun();
  }
  void answer(const std::string& name) {
    running.extract(name).mapped()->send({200, {{"x-amzn-RequestId", "id"}}, "answer to " + name});
  }

  http::EventLoop own_loop;
  std::map<std::string, std::shared_ptr<http::Responder>> running, early;
  std::map<std::string, std::shared_ptr<Turn>> turns;
  bool refuses = false;
  std::size_t will_begin = 0;  // of a row that is had back
};

class EngineEarlyTest : public testing::Test {
 protected:
  using Names = std::vector<std::string>;

  EngineEarlyTest() {
    target::Target target;
    target.name = "local";
    target.region = "us-east-1";
    target.in_process = service;
    target.provider = std::make_shared<identity::Provider>(aws::Credentials{{"AKID", "secret"}, "a test"});
    const auto cut = [this](Engine::Id call, std::size_t items) { cuts.emplace_back(call, items); };
    auto made = Engine::open(std::move(target),
                             {.function = "f", .workers = 1, .cut = cut, .early_for = std::chrono::hours(1)});
    EXPECT_TRUE(made);
    engine = std::move(*made);
  }

  template <class Work>
  auto on_loop(Work work) {
    std::promise<decltype(work())> done;
    service->own_loop.post([&] { done.set_value(work()); });
    return done.get_future().get();
  }
  void submit(Engine::Id id) {
    engine->submit(id, std::to_string(id), [promise = results[id]](auto result) {
      promise->set_value(result ? result->payload : "error: " + result.error().message);
    });
  }
  void submit(Engine::Id first, Engine::Id last) {
    for (auto id = first; id <= last; ++id) results[id] = std::make_shared<std::promise<std::string>>();
    on_loop([&] {
      for (auto id = first; id <= last; ++id) submit(id);
      return 0;
    });
    settle();
  }
  // What the engine has posted to itself, and what that posts, is done.
  void settle() {
    for (int turn = 0; turn < 3; ++turn) on_loop([] { return 0; });
  }
  std::string result(Engine::Id id) { return results[id]->get_future().get(); }
  Names names(const std::map<std::string, std::shared_ptr<http::Responder>> Held::*held) {
    return on_loop([&] {
      Names all;
      for (const auto& [name, responder] : (*service).*held) all.push_back(name);
      return all;
    });
  }
  void begin_and_answer(const std::string& next, const std::string& now) {
    on_loop([&] {
      service->begin(next);
      service->answer(now);
      return 0;
    });
  }
  void answer(const std::string& name) {
    on_loop([&] {
      service->answer(name);
      return 0;
    });
    settle();
  }

  std::shared_ptr<Held> service = std::make_shared<Held>();
  std::map<Engine::Id, std::shared_ptr<std::promise<std::string>>> results;
  std::vector<std::pair<Engine::Id, std::size_t>> cuts;
  std::unique_ptr<Engine> engine;
};

TEST_F(EngineEarlyTest, TheNextWaitBehindTheOneThatRuns) {
  submit(1, 6);
  EXPECT_THAT(names(&Held::running), ElementsAre("1"));
  EXPECT_THAT(names(&Held::early), ElementsAre("2", "3", "4"));
  EXPECT_TRUE(engine->sent_at(1));
  EXPECT_FALSE(engine->sent_at(2));
  begin_and_answer("2", "1");
  EXPECT_EQ(result(1), "answer to 1");
  EXPECT_TRUE(engine->sent_at(2));
  EXPECT_THAT(names(&Held::running), ElementsAre("2"));
  EXPECT_THAT(names(&Held::early), ElementsAre("3", "4", "5"));
}

TEST_F(EngineEarlyTest, WhatIsRefusedIsSentWhenItIsItsTurn) {
  service->refuses = true;
  submit(1, 3);
  answer("1");
  EXPECT_EQ(result(1), "answer to 1");
  EXPECT_THAT(names(&Held::running), ElementsAre("2"));
  answer("2");
  EXPECT_EQ(result(2), "answer to 2");
  answer("3");
  EXPECT_EQ(result(3), "answer to 3");
}

TEST_F(EngineEarlyTest, WhatHasNotBegunCanBeCancelled) {
  submit(1, 4);
  EXPECT_TRUE(engine->cancel(3));
  EXPECT_THAT(result(3), HasSubstr("error"));
  EXPECT_FALSE(engine->cancel(1));
  begin_and_answer("2", "1");
  EXPECT_FALSE(engine->cancel(2));
  begin_and_answer("4", "2");
  answer("4");
  EXPECT_EQ(result(2), "answer to 2");
  EXPECT_EQ(result(4), "answer to 4");
}

TEST_F(EngineEarlyTest, WhatComesBackIsSentAgainFirst) {
  submit(1, 5);
  on_loop([&] {
    service->turns["3"]->give_back();
    service->turns["2"]->give_back();
    service->answer("1");
    return 0;
  });
  EXPECT_THAT(names(&Held::running), ElementsAre("2"));
  EXPECT_EQ(result(1), "answer to 1");
}

TEST_F(EngineEarlyTest, WhoWaitsForACallRunsTheLoopWhereNobodyElseDoes) {
  std::promise<void> done;
  bool is_done = false;
  const auto send = [&] {
    engine->submit(1, "1", [&](const auto& result) {
      EXPECT_TRUE(result);
      is_done = true;
      done.set_value();
    });
    service->own_loop.post([&] { service->answer("1"); });
  };
  while (!engine->drive(send, [&] { return is_done; })) {  // the loop's own thread may be back already
    on_loop([&] {
      engine->stand_back();
      return 0;
    });
  }
  done.get_future().wait();
}

TEST_F(EngineEarlyTest, TheEndHasRowsBack) {
  service->will_begin = 2;
  results[1] = std::make_shared<std::promise<std::string>>();
  engine->submit(1, "1", [this](auto answer) { results[1]->set_value(answer ? "" : "error"); }, {}, {}, {},
                 {.items = 16});
  settle();
  EXPECT_EQ(service->turns.at("1")->items, 16u);
  engine->terminate();
  EXPECT_EQ(result(1), "error");
  ASSERT_FALSE(cuts.empty());
  EXPECT_EQ(cuts.back(), std::pair(Engine::Id(1), std::size_t(2)));
}

TEST_F(EngineEarlyTest, TheEndHasAllOfThemBack) {
  submit(1, 4);
  engine->terminate();
  EXPECT_TRUE(names(&Held::early).empty());
  for (const Engine::Id id : {2, 3, 4}) EXPECT_THAT(result(id), HasSubstr("error")) << id;
  EXPECT_EQ(service->turns["2"]->standing, Turn::Standing::returned);
}

}  // namespace
}  // namespace lambdapool::pool
