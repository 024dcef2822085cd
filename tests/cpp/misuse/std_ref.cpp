// expect: lambdapool: a std::ref cannot travel
#include <functional>
#include <lambdapool/lambdapool.hpp>
#include <memory>

void misuse(lambdapool::LambdaPool& pool) {
  const auto f = [](int n) { return n; };
  pool.apply(std::cref(f), 1);
}
