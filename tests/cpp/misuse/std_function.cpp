// expect: lambdapool: a std::function cannot travel
#include <functional>
#include <lambdapool/lambdapool.hpp>
#include <memory>

void misuse(lambdapool::LambdaPool& pool) {
  pool.apply(std::function<int(int)>([](int n) { return n; }), 1);
}
