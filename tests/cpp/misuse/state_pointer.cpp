// expect: lambdapool: state given to lambdapool::with has a type that cannot travel
#include <functional>
#include <lambdapool/lambdapool.hpp>
#include <memory>

void misuse(lambdapool::LambdaPool& pool) {
  int k = 3;
  pool.apply(lambdapool::with([](int* p, int n) { return *p * n; }, &k), 1);
}
