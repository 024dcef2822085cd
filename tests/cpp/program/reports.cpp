// What maps took and cost, how far they are, and a limit on their cost.
#include <algorithm>
#include <lambdapool/lambdapool.hpp>
#include <ranges>
#include <stdexcept>
#include <utility>
#include <vector>

#include "check.hpp"
#include "gate.hpp"

namespace lp = lambdapool;
using namespace std::chrono_literals;

namespace {

int twice(int n) { return 2 * n; }

}  // namespace

// With a price of a dollar a call.
void run_reports(const std::string& function) {
  lp::LambdaPool pool{{.workers = 2, .lambda_function = function}};
  const auto items = std::views::iota(0, 20);

  std::vector<lp::Progress> told;
  auto future = pool.map_async(
      twice, items, {.chunksize = 2, .progress = [&](const lp::Progress& now) { told.push_back(now); }});
  CHECK(future.get().size() == 20);
  CHECK(!told.empty() && told.back().last && told.back().done == 20 && told.back().total == 20);
  CHECK(told.back().failed == 0 && told.back().running == 0 && told.back().queued == 0);
  CHECK(told.back().cost == 10 && told.back().rate() > 0);
  CHECK(to_string(told.back()).starts_with("20 of 20, "));
  const lp::Report report = future.report();
  CHECK(report.calls() == 10 && report.items() == 20 && report.cost() == 10);
  CHECK(report.text().find("Cost            $10") != std::string::npos);
  CHECK(report.json().find("\"calls\": 10") != std::string::npos);
  CHECK(pool.report().calls() == 10);
  MESSAGE_OF(lp::InvalidArgument, report.save("report.pdf"));

  CHECK(MESSAGE_OF(lp::BudgetExceeded, pool.map(twice, items, {.chunksize = 1, .max_cost = 5.5}))
            .find("has cost $5.00 of its max_cost of $5.50") != std::string::npos);
  const auto outcomes = pool.map_outcomes(twice, items, {.chunksize = 1, .max_cost = 7});
  CHECK(std::ranges::count_if(outcomes, [](const auto& outcome) { return outcome.has_value(); }) == 7);
  CHECK(pool.map(twice, items, {.chunksize = 1, .max_cost = 20}).size() == 20);
  MESSAGE_OF(lp::InvalidArgument, pool.map(twice, items, {.max_cost = 0}));

  const auto fails = [](int n) {
    if (n > 17) throw std::out_of_range("far");
    return n;
  };
  told.clear();
  pool.map_outcomes(fails, items, {.chunksize = 1, .progress = [&](const lp::Progress& now) {
                                     told.push_back(now);
                                     throw std::runtime_error("of the callback");
                                   }});
  CHECK(told.size() == 1);
  told.clear();
  pool.map_outcomes(fails, items,
                    {.chunksize = 1, .progress = [&](const lp::Progress& now) { told.push_back(now); }});
  CHECK(told.back().failed == 2 && told.back().done == 20);
  MESSAGE_OF(lp::InvalidArgument, pool.map(twice, items, {.rerun_stragglers = true}));
  const Gate gate(Gate::Holds::the_first);
  lp::LambdaPool again{{.workers = 3, .lambda_function = function, .idempotent = true}};
  const auto slow_at_first = [](int n, int port) {
    if (n == 0) Gate::pass(port);
    return n;
  };
  std::vector<std::pair<int, int>> pairs;
  for (const int n : items) pairs.emplace_back(n, gate.port());
  CHECK(again.starmap(slow_at_first, pairs, {.chunksize = 1, .rerun_stragglers = true}).size() == 20);
  const auto quiet = lp::progress_on_terminal();  // standard error is none
  CHECK(pool.map(twice, items, {.progress = quiet}).size() == 20);
}
