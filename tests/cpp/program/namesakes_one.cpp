// Functions and lambdas whose names the compiler gives again in namesakes_two.cpp.
#include <lambdapool/lambdapool.hpp>

namespace {
int namesake(int n) { return n + 1; }
}  // namespace

static int local(int n) { return n + 10; }

std::vector<int> namesakes_one(lambdapool::LambdaPool& pool) {
  const auto lambda = [](int n) { return n + 100; };
  return {pool.apply(namesake, 0), pool.apply(lambdapool::fn<&namesake>, 0), pool.apply(local, 0),
          pool.apply(lambda, 0), pool.apply([](int n) { return n + 1000; }, 0)};
}
