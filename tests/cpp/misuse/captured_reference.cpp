// expect: lambdapool: this lambda or function object cannot travel
#include <functional>
#include <lambdapool/lambdapool.hpp>
#include <memory>

void misuse(lambdapool::LambdaPool& pool) {
  int k = 3;
  pool.map([&k](int n) { return n * k; }, std::vector<int>{1});
}
