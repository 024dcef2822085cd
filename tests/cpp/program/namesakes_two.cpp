// Functions and lambdas whose names the compiler gives also in namesakes_one.cpp.
#include <lambdapool/lambdapool.hpp>

namespace {
int namesake(int n) { return 2 * n + 2 * 1; }
}  // namespace

static int local(int n) { return 2 * n + 2 * 10; }

std::vector<int> namesakes_two(lambdapool::LambdaPool& pool) {
  const auto lambda = [](int n) { return 2 * n + 2 * 100; };
  return {pool.apply(namesake, 0), pool.apply(lambdapool::fn<&namesake>, 0), pool.apply(local, 0),
          pool.apply(lambda, 0), pool.apply([](int n) { return 2 * n + 2 * 1000; }, 0)};
}
