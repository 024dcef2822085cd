// expect: lambdapool: this cannot be called with these arguments
#include <functional>
#include <lambdapool/lambdapool.hpp>
#include <memory>

void misuse(lambdapool::LambdaPool& pool) {
  pool.apply(
      [](auto n) requires(sizeof(n) > 1000) { return n; }, 1);
}
