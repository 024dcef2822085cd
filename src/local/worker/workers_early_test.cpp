// Invocations that are with a worker before it has answered the present one.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <fstream>

#include "core/descriptor.hpp"
#include "local/worker/workers_fixture_for_tests.hpp"

namespace lambdapool::local {
namespace {

using Standing = http::Turn::Standing;

constexpr const char* handler =
    "import os, sys, time\n"
    "def raw(envelope, context):\n"
    "  verb, _, about = envelope.decode().partition('\\0')\n"
    "  if verb == 'wait': open(about).read()\n"
    "  if verb == 'die': os._exit(3)\n"
    "  if verb == 'hang': time.sleep(1000)\n"
    "  if verb == 'fail': raise ValueError(about)\n"
    "  if verb == 'large': return b'x' * 200000\n"
    "  if verb == 'wait, then large': return open(about).read().encode() + b'x' * 60000\n"
    "  if verb == 'say': print(about)\n"
    "  if verb.startswith('tell'):\n"
    "    context.lambdapool_shared[16:16 + len(about)] = about.encode()\n"
    "    context.lambdapool_shared[:16] = bytes([len(about), *[0] * 7, 1, *[0] * 7])\n"
    "  if verb == 'tell and die': os._exit(3)\n"
    "  if verb == 'mumble': os.write(2, about.encode())\n"
    "  if verb == 'row':\n"
    "    items, more = 1, context.lambdapool_next_item\n"
    "    if about: open(about).read()\n"
    "    while more and more(): items += 1\n"
    "    return str(items).encode()\n"
    "  if verb == 'left': return str(context.get_remaining_time_in_millis()).encode()\n"
    "  return str(os.getpid()).encode()\n"
    "def handler(event, context): return event\n"
    "handler.lambdapool_raw = raw\n"
    "handler.lambdapool_rows = True";

class WorkersEarlyTest : public WorkersTest {
 protected:
  struct Sent {
    std::shared_ptr<http::Turn> turn = std::make_shared<http::Turn>();
    bool taken = true;
    std::future<InvocationResult> result;
    std::string parts = {};      // that were told ahead
    std::size_t will_begin = 0;  // as it was told

    InvocationResult get() {
      if (result.wait_for(std::chrono::seconds(300)) == std::future_status::ready) return result.get();
      ADD_FAILURE() << "no outcome";
      return {};
    }
  };
  struct Task {
    std::string verb;
    std::string about = "";
    const void* caller = "me";
    std::size_t items = 1;
  };

  WorkersEarlyTest() {
    options.mounts = false;  // so that it sees the gates
    options.early_within = std::chrono::hours(1);
    function = python(handler);
  }

  template <class Work>
  void on_loop(Work work) {
    std::promise<void> done;
    loop.post([&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }

  // On the loop. `answered` is called with the answer.
  void send_one(
      const Task& task, Sent& sent, Standing standing, std::function<void()> answered = [] {}) {
    sent.turn->caller = task.caller;
    sent.turn->standing = standing;
    sent.turn->items = task.items;
    sent.turn->on_cut = [&sent](std::size_t items) { sent.will_begin = items; };
    auto promise = std::make_shared<std::promise<InvocationResult>>();
    sent.result = promise->get_future();
    Invocation call{"request-" + std::to_string(++requests), task.verb + '\0' + task.about, "", ""};
    call.turn = sent.turn;
    call.parts = [&sent](std::string_view piece) { sent.parts += piece; };
    const auto done = [promise, answered](InvocationResult result) {
      promise->set_value(std::move(result));
      answered();
    };
    if (standing == Standing::begun) return workers->invoke(function, std::move(call), done);
    call.begun = [turn = sent.turn] { turn->standing = Standing::begun; };
    sent.taken = workers->invoke_early(function, std::move(call), done);
  }

  // The first at once, the others behind it.
  std::vector<Sent> send(const std::vector<Task>& tasks) {
    start();
    std::vector<Sent> all(tasks.size());
    on_loop([&] {
      for (std::size_t i = 0; i < tasks.size(); ++i)
        send_one(tasks[i], all[i], i == 0 ? Standing::begun : Standing::early);
    });
    return all;
  }

  // One of which it is known that it was quick.
  void warm_up() { send({{"say", "hello"}})[0].get(); }

  std::string gate() {
    const auto path = home.path / ("gate-" + std::to_string(++gates));
    EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0);
    return path.string();
  }
  // Returns once the task is there; it goes on when the descriptor is closed.
  static Descriptor reach(const std::string& gate) {
    return Descriptor(::open(gate.c_str(), O_WRONLY | O_CLOEXEC));
  }

  // Whether the process waits for an answer on a socket: recvfrom(2), which is Python's recv().
  static bool receives(pid_t process) {
    std::ifstream file("/proc/" + std::to_string(process) + "/syscall");
    std::string number;
    file >> number;
    return number == std::to_string(SYS_recvfrom);
  }

  void give_back(const Sent& sent) {
    on_loop([&] {
      if (const auto back = sent.turn->give_back) back();
    });
  }

  std::shared_ptr<FunctionVersion> function;
  int gates = 0;
};

TEST_F(WorkersEarlyTest, TheyRunInOrderInTheWorkerOfTheOneBefore) {
  warm_up();
  const auto at = gate();
  auto sent = send({{"wait", at}, {"say", "two"}, {"mumble", "three"}});
  ASSERT_TRUE(sent[1].taken && sent[2].taken);
  auto open = reach(at);
  EXPECT_EQ(sent[1].turn->standing, Standing::early);
  open.reset();
  const auto one = sent[0].get(), two = sent[1].get(), three = sent[2].get();
  EXPECT_EQ(one.payload, two.payload);
  EXPECT_EQ(one.payload, three.payload);
  EXPECT_EQ(sent[1].turn->standing, Standing::begun);
  EXPECT_THAT(one.log, Not(HasSubstr("two")));
  EXPECT_THAT(
      two.log,
      MatchesRegex("START RequestId: request-3 [^\n]*\ntwo\nEND[^\n]*\nREPORT[^\n]*request-3[^\n]*\n"));
  EXPECT_THAT(three.log, MatchesRegex("START RequestId: request-4 [^\n]*\nthree\nEND[^\n]*\nREPORT[^\n]*\n"));
}

TEST_F(WorkersEarlyTest, WhatIsWrittenIsOfTheOneThatWroteIt) {
  warm_up();
  for (int round = 0; round < 50; ++round) {
    auto sent = send({{"say", "one"}, {"mumble", "two\n"}, {"say", ""}, {"say", "four"}});
    EXPECT_THAT(sent[0].get().log, HasSubstr("\none\nEND"));
    EXPECT_THAT(sent[1].get().log, MatchesRegex("START[^\n]*\ntwo\nEND[^\n]*\nREPORT[^\n]*\n"));
    EXPECT_THAT(sent[2].get().log, MatchesRegex("START[^\n]*\n\nEND[^\n]*\nREPORT[^\n]*\n"));
    EXPECT_THAT(sent[3].get().log, MatchesRegex("START[^\n]*\nfour\nEND[^\n]*\nREPORT[^\n]*\n"));
  }
}

TEST_F(WorkersEarlyTest, WhatHasNotBegunCanBeHadBackAndThenNeverRuns) {
  warm_up();
  const auto at = gate();
  auto sent = send({{"wait", at}, {"say", "two"}, {"say", "three"}});
  auto open = reach(at);
  give_back(sent[2]);
  sent[1].get(), sent[2].get();
  EXPECT_EQ(sent[1].turn->standing, Standing::returned);
  EXPECT_EQ(sent[2].turn->standing, Standing::returned);
  open.reset();
  EXPECT_THAT(sent[0].get().payload, MatchesRegex("[0-9]+"));
  const auto next = send({{"say", "four"}})[0].get();
  EXPECT_THAT(next.log, HasSubstr("\nfour\n"));
  EXPECT_THAT(logged_text(), Not(HasSubstr("two")));
}

TEST_F(WorkersEarlyTest, WhatWaitsBehindOneThatDiesComesBack) {
  warm_up();
  const auto at = gate();
  auto sent = send({{"wait", at}, {"die"}, {"say", "three"}});
  reach(at).reset();
  EXPECT_FALSE(sent[0].get().function_error);
  const auto died = sent[1].get();
  EXPECT_TRUE(died.function_error);
  EXPECT_THAT(died.payload, HasSubstr("exit status 3"));
  EXPECT_THAT(died.log, HasSubstr("START RequestId: request-3"));
  sent[2].get();
  EXPECT_EQ(sent[2].turn->standing, Standing::returned);
  EXPECT_THAT(logged_text(), Not(HasSubstr("three")));
}

// The caller hears of an answer while what waits behind a dead worker is settled, and sends another.
TEST_F(WorkersEarlyTest, WhatIsSentWhileADeadOneIsSettledComesBack) {
  const auto worker = static_cast<pid_t>(std::stol(send({{"say", "one"}})[0].get().payload));
  const auto at = gate();
  Sent waits, before, dies, last;
  on_loop([&] {
    send_one({"wait", at}, waits, Standing::begun);
    send_one({"left"}, before, Standing::early, [&] {
      send_one({"say", "the last"}, last, Standing::early);
    });
    send_one({"die"}, dies, Standing::early);
  });
  ASSERT_TRUE(before.taken && dies.taken);
  auto open = reach(at);
  on_loop([&] {  // which so hears of all at once
    open.reset();
    while (::kill(worker, 0) == 0) std::this_thread::yield();
  });
  EXPECT_FALSE(waits.get().function_error);
  EXPECT_FALSE(before.get().function_error);
  EXPECT_TRUE(dies.get().function_error);
  if (last.taken) last.get();
  EXPECT_NE(last.turn->standing, Standing::begun);
  EXPECT_THAT(logged_text(), Not(HasSubstr("the last")));
}

TEST_F(WorkersEarlyTest, WhatADeadOneHasToldAheadIsItsOwn) {
  warm_up();
  for (const std::string last : {"die", "tell and die"}) {
    const auto at = gate();
    auto sent = send({{"wait", at}, {"tell", "two"}, {last, "three"}});
    ASSERT_TRUE(sent[2].taken);
    reach(at).reset();
    sent[0].get();
    EXPECT_FALSE(sent[1].get().function_error);
    EXPECT_TRUE(sent[2].get().function_error);
    EXPECT_EQ(sent[1].parts, "");
    EXPECT_EQ(sent[2].parts.substr(0, 5), last == "die" ? "" : "three");
    warm_up();  // a new one
  }
}

TEST_F(WorkersEarlyTest, WhatWaitsBehindOneThatTakesTooLongComesBack) {
  function->timeout = std::chrono::seconds(1);
  warm_up();
  auto sent = send({{"hang"}, {"say", "two"}});
  const auto late = sent[0].get();
  EXPECT_THAT(late.payload, HasSubstr("timed out"));
  sent[1].get();
  EXPECT_EQ(sent[1].turn->standing, Standing::returned);
}

TEST_F(WorkersEarlyTest, ItsTimeBeginsWhenItBegins) {
  warm_up();
  const auto at = gate();
  auto sent = send({{"wait", at}, {"left"}});
  auto open = reach(at);
  const auto sent_at = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - sent_at < std::chrono::milliseconds(50))
    std::this_thread::yield();
  const auto begun = std::chrono::steady_clock::now();
  open.reset();
  const auto left = std::stoll(sent[1].get().payload);
  const auto since = std::chrono::steady_clock::now() - begun;
  EXPECT_GE(left + std::chrono::duration_cast<std::chrono::milliseconds>(since).count() + 2, 120'000);
}

TEST_F(WorkersEarlyTest, AnswersOverHttpAreTakenBeforeTheNextBegins) {
  warm_up();
  const auto at = gate();
  auto sent = send({{"wait", at}, {"large"}, {"fail", "so"}, {"say", "four"}});
  reach(at).reset();
  sent[0].get();
  EXPECT_EQ(sent[1].get().payload.size(), 200'000U);
  const auto failed = sent[2].get();
  EXPECT_THAT(failed.payload, HasSubstr("ValueError"));
  EXPECT_THAT(failed.log, Not(HasSubstr("four")));
  EXPECT_THAT(sent[3].get().log, HasSubstr("\nfour\n"));
}

TEST_F(WorkersEarlyTest, TheyWaitBehindNobodyElsesAndNotWhereNoneIsQuick) {
  start();
  auto cold = send({{"say", "one"}, {"say", "two"}});
  EXPECT_FALSE(cold[1].taken);  // nothing is known of it
  cold[0].get();
  const auto at = gate();
  auto sent = send({{"wait", at}, {"say", "two", "another"}});
  EXPECT_FALSE(sent[1].taken);
  reach(at).reset();
  sent[0].get();
  EXPECT_FALSE(send({{"fail"}, {"say", std::string(60'000, 'x')}})[1].taken);
}

TEST_F(WorkersEarlyTest, TheItemsOfARowBeginOneByOne) {
  warm_up();
  auto sent = send({{"row", "", "me", 16}, {"row", "", "me", 5}, {"say", "three"}});
  EXPECT_EQ(sent[0].get().payload, "16");
  EXPECT_EQ(sent[1].get().payload, "5");
  EXPECT_THAT(sent[2].get().log, HasSubstr("\nthree\n"));
}

TEST_F(WorkersEarlyTest, WhatHasNotBegunOfARowCanBeHadBack) {
  warm_up();
  const auto at = gate();
  auto sent = send({{"row", at, "me", 16}, {"row", "", "me", 5}});
  auto open = reach(at);
  give_back(sent[0]);
  EXPECT_EQ(sent[0].will_begin, 1u);
  EXPECT_FALSE(sent[0].turn->is_untouched);
  sent[1].get();
  EXPECT_EQ(sent[1].turn->standing, Standing::returned);
  open.reset();
  EXPECT_EQ(sent[0].get().payload, "1");
  EXPECT_EQ(send({{"row", "", "me", 7}})[0].get().payload, "7");
}

// The service has not heard that the one before has ended.
TEST_F(WorkersEarlyTest, WhatIsHadBackOfARowIsOfThatRow) {
  warm_up();
  const auto first = gate(), second = gate();
  auto sent = send({{"wait", first}, {"row", second, "me", 16}});
  ASSERT_TRUE(sent[1].taken);
  on_loop([&] {
    reach(first).reset();
    auto open = reach(second);
    sent[1].turn->give_back();
    open.reset();
  });
  EXPECT_FALSE(sent[0].get().function_error);
  EXPECT_EQ(sent[0].will_begin, 0u);
  EXPECT_EQ(sent[1].get().payload, "1");
  EXPECT_EQ(sent[1].will_begin, 1u);
}

TEST_F(WorkersEarlyTest, WhatARowLeavesIsNotTakenForAnothers) {
  warm_up();
  auto sent = send({{"left", "", "me", 16}, {"row", "", "me", 3}, {"say", "three"}});
  EXPECT_FALSE(sent[0].get().function_error);
  EXPECT_EQ(sent[1].get().payload, "3");
  EXPECT_THAT(sent[2].get().log, HasSubstr("\nthree\n"));
}

TEST_F(WorkersEarlyTest, WhoDoesNotKnowRowsRunsAllOfIt) {
  function = python(std::string(handler) + "\ndel handler.lambdapool_rows");
  warm_up();
  auto sent = send({{"row", "", "me", 16}});
  EXPECT_EQ(sent[0].get().payload, "1");  // nobody asks for the others
  EXPECT_FALSE(sent[0].turn->give_back);
}

TEST_F(WorkersEarlyTest, AFunctionThatIsUpdatedGetsThemBack) {
  warm_up();
  const auto at = gate();
  auto sent = send({{"wait", at}, {"say", "two"}});
  auto open = reach(at);
  retire(function->key);
  sent[1].get();
  EXPECT_EQ(sent[1].turn->standing, Standing::returned);
  open.reset();
  EXPECT_FALSE(sent[0].get().function_error);
}

// Of what has come meanwhile one packet is read, then the other socket, which has an answer to a task that
// the next packet tells of.
TEST_F(WorkersEarlyTest, AnAnswerOverHttpIsTakenThoughPacketsBeforeItAreUnread) {
  const pid_t worker = std::stoi(send({{"say", "hello"}})[0].get().payload);
  if (std::ifstream readable("/proc/" + std::to_string(worker) + "/syscall"); readable.get() < 0)
    GTEST_SKIP() << "what the worker waits for cannot be seen";
  const auto first = gate(), last = gate();
  auto sent = send({{"wait", first}, {"quietly"}, {"wait, then large", last}});
  ASSERT_TRUE(sent[1].taken && sent[2].taken);
  on_loop([&] {
    reach(first).reset();
    reach(last).reset();
    while (!receives(worker)) std::this_thread::yield();
  });
  EXPECT_EQ(sent[0].get().payload, std::to_string(worker));
  EXPECT_EQ(sent[1].get().payload, std::to_string(worker));
  EXPECT_EQ(sent[2].get().payload.size(), 60'000u);
}

}  // namespace
}  // namespace lambdapool::local
