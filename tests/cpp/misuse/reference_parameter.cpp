// expect: lambdapool: a task cannot take a non-const reference
#include <functional>
#include <lambdapool/lambdapool.hpp>
#include <memory>

void f(int& n);

void misuse(lambdapool::LambdaPool& pool) {
  int k = 3;
  pool.apply(f, k);
}
