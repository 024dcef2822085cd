// A chunk's outcomes come before its answer, and what had come stays where the worker dies.
#include <cstdlib>
#include <lambdapool/lambdapool.hpp>
#include <ranges>
#include <utility>
#include <vector>

#include "check.hpp"
#include "gate.hpp"

namespace lp = lambdapool;

// `rest`: what becomes of the items that the worker has not begun: "done", where that is known, or "doubted".
void run_early(const std::string& function, const std::string& rest) {
  lp::LambdaPool pool{{.workers = 1, .lambda_function = function}};
  const auto items = std::views::iota(0, 10);

  const auto dies_at_seven = [](int n) {
    if (n == 7) std::_Exit(3);
    return n * n;
  };
  const auto outcomes = pool.map_outcomes(dies_at_seven, items, {.chunksize = 10});
  for (const int n : items) {
    const auto& outcome = outcomes[static_cast<std::size_t>(n)];
    if (n < 7 || (n > 7 && rest == "done")) {
      CHECK(outcome.has_value() && outcome.value() == n * n);
    } else {
      const std::string why = MESSAGE_OF(lp::WorkerDied, outcome.value());
      CHECK(why.find(rest == "done" ? "(item 7)" : "(one of the items 7 to 9, which shared a call)") !=
            std::string::npos);
    }
  }

  // The last of them is held until the others are known to be done.
  Gate gate;
  std::vector<std::pair<int, int>> pairs;
  for (const int n : items) pairs.emplace_back(n, gate.port());
  const auto held_at_nine = [](int n, int port) {
    if (n == 9) Gate::pass(port);
    return n;
  };
  const auto values =
      pool.starmap(held_at_nine, pairs, {.chunksize = 10, .progress = [&](const lp::Progress& now) {
                                           if (now.done == 9) gate.open();
                                         }});
  CHECK(values == std::vector<int>(items.begin(), items.end()));

  const auto throws_at_two = [](int n) {
    if (n == 2) throw std::out_of_range("two");
    return n;
  };
  try {
    pool.map(throws_at_two, items, {.chunksize = 10});
    CHECK(!"the third item fails");
  } catch (const lp::Remote<std::out_of_range>& error) {
    CHECK(error.item() == 2 && error.logs().find("REPORT RequestId") != std::string::npos);
  }
}
