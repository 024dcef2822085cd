// What a predicate of retries may do, and futures that nobody waits for in the usual way.
#include <atomic>
#include <chrono>
#include <lambdapool/lambdapool.hpp>
#include <memory>
#include <ranges>
#include <stdexcept>
#include <thread>
#include <vector>

#include "check.hpp"
#include "gate.hpp"

namespace lp = lambdapool;
using namespace std::chrono_literals;

namespace {

int bad(int n) { throw std::runtime_error("bad " + std::to_string(n)); }
int passes(int port) {
  Gate::pass(port);
  return port;
}

using Predicate = std::function<bool(const std::exception&)>;
lp::Options once_more(const std::string& function, Predicate on, std::chrono::milliseconds backoff = 0ms) {
  return {.workers = 1,
          .lambda_function = function,
          .retry = {.on = std::move(on), .times = 1, .backoff = backoff}};
}

// An item that waits for its next turn is in no call.
void end_pools_that_wait(const std::string& function) {
  std::promise<void> asked;
  const auto waits = [&](const std::exception&) {
    asked.set_value();
    return true;
  };
  lp::Future<int> one;
  {
    lp::LambdaPool pool{once_more(function, waits, 60s)};
    one = pool.apply_async(bad, 1);
    asked.get_future().wait();
  }
  MESSAGE_OF(lp::Cancelled, one.get());

  asked = {};
  lp::LambdaExecutor executor{once_more(function, waits, 60s)};
  auto two = executor.submit(bad, 2);
  asked.get_future().wait();
  executor.shutdown(lp::LambdaExecutor::Wait::yes, lp::LambdaExecutor::Pending::cancel);
  MESSAGE_OF(lp::Cancelled, two.get());
}

void ask_in_predicates(const std::string& function) {
  lp::LambdaPool throwing{once_more(function, [](const std::exception&) -> bool { throw 7; })};
  CHECK(MESSAGE_OF(lp::Remote<std::runtime_error>, throwing.apply(bad, 1)).find("bad 1") !=
        std::string::npos);
  CHECK(!throwing.map_outcomes(bad, std::vector{1, 2})[1]);

  lp::Future<std::vector<int>> all;
  std::atomic<bool> is_there = false;
  std::atomic<int> asked = 0;
  lp::LambdaPool curious{once_more(function, [&](const std::exception&) {
    ++asked;
    is_there.wait(false);
    return all.wait_for(0s) == std::future_status::timeout && all.logs().find("END") != std::string::npos;
  })};
  all = curious.map_async(bad, std::vector{1, 2, 3}, {.chunksize = 3});
  is_there = true;
  is_there.notify_all();
  all.wait();
  MESSAGE_OF(lp::Remote<std::runtime_error>, all.get());
  CHECK(asked >= 1);

  lp::Future<std::vector<int>> dropped;
  is_there = false;
  lp::LambdaPool impatient{once_more(function, [&](const std::exception&) {
    is_there.wait(false);
    dropped.cancel();
    return true;
  })};
  dropped = impatient.map_async(bad, std::vector{1, 2, 3});
  is_there = true;
  is_there.notify_all();
  MESSAGE_OF(lp::Cancelled, dropped.get());

  std::atomic<int> others = 0;
  lp::LambdaPool* same = nullptr;
  lp::LambdaPool busy{once_more(function, [&](const std::exception&) {
    (void)same->apply_async([] { return 1; });
    ++others;
    return false;
  })};
  same = &busy;
  MESSAGE_OF(lp::Remote<std::runtime_error>, busy.map(bad, std::vector{1, 2, 3}));
  CHECK(others >= 1);
}

void cancel_while_another_gets(const std::string& function) {
  Gate gate;
  lp::LambdaPool pool{{.workers = 1, .lambda_function = function}};
  auto results = pool.map_async(passes, std::vector{gate.port(), gate.port()}, {.chunksize = 1});
  gate.wait_for_one();
  std::thread getting([&] { MESSAGE_OF(lp::Cancelled, results.get()); });
  CHECK(results.cancel());
  getting.join();
}

// Whoever tells of the progress may hold the last future.
void drop_in_progress(const std::string& function) {
  Gate gate;
  lp::LambdaPool pool{{.workers = 1, .lambda_function = function}};
  lp::Future<std::vector<int>> results;
  const auto gone = std::make_shared<std::promise<void>>();  // also of the thread that nobody joins
  std::atomic<bool> is_there = false;
  std::atomic<int> calls = 0;
  results = pool.map_async(passes, std::vector{gate.port(), gate.port()},
                           {.progress = [&, gone](const lp::Progress&) {
                             is_there.wait(false);
                             if (++calls > 1) return;
                             results = {};
                             gone->set_value();
                           }});
  gate.wait_for_one();  // so the first call is not the last
  is_there = true;
  is_there.notify_all();
  gone->get_future().wait();
  gate.open();
  CHECK(pool.apply([] { return 3; }) == 3);
  CHECK(calls == 1);
}

}  // namespace

void run_retries(const std::string& function) {
  end_pools_that_wait(function);
  ask_in_predicates(function);
  cancel_while_another_gets(function);
  drop_in_progress(function);
}
