// A named run: the journal gives what is done, and the error's index counts in the whole range.
#include <lambdapool/lambdapool.hpp>
#include <numeric>

#include "check.hpp"

namespace {

int tenfold(const bool& fails, int item) {
  if (fails && item == 3) throw std::out_of_range("three");
  return item * 10;
}

}  // namespace

void run_named(const std::string& function) {
  std::vector<int> items(6);
  std::iota(items.begin(), items.end(), 0);
  const std::vector<int> tens{0, 10, 20, 30, 40, 50};
  const auto map = [&](bool fails, lambdapool::OnChange on_change) {
    lambdapool::LambdaPool pool({.workers = 1, .lambda_function = function, .idempotent = true});
    return pool.map(lambdapool::with(tenfold, fails), items,
                    {.chunksize = 1, .name = "tens", .on_change = on_change});
  };
  for (int times = 0; times < 2; ++times) {
    try {
      map(true, lambdapool::OnChange::error);
      CHECK(!"the third item fails");
    } catch (const lambdapool::Remote<std::out_of_range>& error) {
      CHECK(error.item() == 3);
    }
  }
  MESSAGE_OF(lambdapool::RunConflict, map(false, lambdapool::OnChange::error));
  CHECK(map(false, lambdapool::OnChange::keep) == tens);
  CHECK(map(false, lambdapool::OnChange::error) == tens);
}
