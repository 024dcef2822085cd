// Quick tasks, which wait at their worker while it runs another: each has what is its own.
#include <unistd.h>

#include <cstdlib>
#include <lambdapool/lambdapool.hpp>
#include <numeric>
#include <ranges>
#include <string>
#include <vector>

#include "check.hpp"

namespace lp = lambdapool;

namespace {

constexpr int count = 500;

int says(int n) {
  if (n % 3 == 0) std::cout << "says " << n << std::endl;
  if (n % 3 == 1) (void)!::write(STDERR_FILENO, "mumbles\n", 8);
  return n;
}

// What a task wrote is in its own log, and nothing of another's.
void writes(lp::LambdaPool& pool) {
  std::vector<lp::Future<int>> calls;
  for (int n = 0; n < count; ++n) calls.push_back(pool.apply_async(says, n));
  for (int n = 0; n < count; ++n) {
    auto& call = calls[static_cast<std::size_t>(n)];
    CHECK(call.get() == n);
    const std::string log = call.logs();
    const bool says_it = log.find("says " + std::to_string(n) + "\n") != std::string::npos;
    const bool says_any = log.find("says ") != std::string::npos;
    CHECK(says_it == (n % 3 == 0) && says_any == says_it);
    CHECK((log.find("mumbles\n") != std::string::npos) == (n % 3 == 1));
  }
}

// Only the one that a worker dies of fails, though others were with it.
void dies(lp::LambdaPool& pool) {
  const auto task = [](int n) {
    if (n == 200) std::_Exit(3);
    if (n == 300) throw std::out_of_range("300");
    return n;
  };
  const auto outcomes = pool.map_outcomes(task, std::views::iota(0, count), {.chunksize = 1});
  for (int n = 0; n < count; ++n) {
    const auto& outcome = outcomes[static_cast<std::size_t>(n)];
    CHECK(n == 200 || n == 300 || (outcome.has_value() && outcome.value() == n));
  }
  CHECK(MESSAGE_OF(lp::WorkerDied, outcomes[200].value()).find("(item 200)") != std::string::npos);
  MESSAGE_OF(std::out_of_range, outcomes[300].value());
}

// Arguments and results that fit no packet, among those that do.
void sizes(lp::LambdaPool& pool) {
  std::vector<std::string> texts;
  for (std::size_t n = 0; n < count; ++n) texts.emplace_back(n % 50 == 7 ? 100'000 : n, 'x');
  const auto doubled = [](std::string text) { return text.size() % 50 == 9 ? text + text : text; };
  const auto came = pool.map(doubled, texts, {.chunksize = 1});
  for (std::size_t n = 0; n < count; ++n) CHECK(came[n] == doubled(texts[n]));
  const auto large = [](int n) { return std::string(n % 20 == 3 ? 60'000 : 10, char('a' + n % 26)); };
  const auto results = pool.map(large, std::views::iota(0, count), {.chunksize = 1});
  for (int n = 0; n < count; ++n) CHECK(results[static_cast<std::size_t>(n)] == large(n));
}

}  // namespace

void run_ahead(const std::string& function) {
  lp::LambdaPool pool{{.workers = 2, .lambda_function = function}};
  writes(pool);
  dies(pool);
  sizes(pool);
  // A child of a task that comes back as if it were the worker answers nothing.
  const auto forks = [](int n) { return ::fork() == 0 ? -1 : n; };
  const auto parents = pool.map(forks, std::views::iota(0, 50), {.chunksize = 1});
  CHECK(std::accumulate(parents.begin(), parents.end(), 0) == 49 * 50 / 2);
}
