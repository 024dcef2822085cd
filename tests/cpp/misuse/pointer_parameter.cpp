// expect: lambdapool: a task cannot take a pointer
#include <functional>
#include <lambdapool/lambdapool.hpp>
#include <memory>

int f(int* p);

void misuse(lambdapool::LambdaPool& pool) {
  int k = 3;
  pool.apply(f, &k);
}
