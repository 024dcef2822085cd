// What tasks print appears while they run (tests/cpp/test_cpp_streaming.py reads it, and says when to go on).
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <lambdapool/lambdapool.hpp>
#include <string>
#include <utility>
#include <vector>

#include "check.hpp"
#include "gate.hpp"

namespace lp = lambdapool;

namespace {

void wait_for_reader() {
  std::string line;
  std::getline(std::cin, line);
}

}  // namespace

void run_output(const std::string& function) {
  lp::LambdaPool pool{{.workers = 1, .lambda_function = function, .show_output = true}};
  Gate gate;
  const auto prints = [](int n, int port) {
    std::printf("begins %d\n", n);
    if (n == 1) Gate::pass(port);
    std::cout << "ends " << n << "\n";
    std::cerr << "err " << n << "\n";
    return n;
  };
  auto later = pool.apply_async(prints, 1, gate.port());
  wait_for_reader();
  gate.open();
  CHECK(later.get() == 1);
  std::cout << "caller 1\n";

  std::vector<std::pair<int, int>> pairs{{2, 0}, {3, 0}};
  CHECK(pool.starmap(prints, pairs, {.chunksize = 2}) == (std::vector<int>{2, 3}));

  const auto dies = [](int n) {
    std::printf("no end %d", n);
    std::fflush(stdout);
    if (n == 0) std::_Exit(3);
    return n;
  };
  CHECK(MESSAGE_OF(lp::WorkerDied, pool.apply(dies, 0)) != "");

  // Whichever way its output goes, a worker's last words are in the log.
  const auto aborts = [](int n) {
    std::printf("before %d\n", n);
    if (n == 0) std::abort();
    return n;
  };
  try {
    pool.apply(aborts, 0);
    CHECK(!"the worker dies");
  } catch (const lp::WorkerDied& error) {
    CHECK(error.logs().find("before 0") != std::string::npos);
    CHECK(error.logs().find("SIGABRT") != std::string::npos);
  }
}
