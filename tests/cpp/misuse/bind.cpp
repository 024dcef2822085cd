// expect: lambdapool: a std::bind expression cannot travel
#include <functional>
#include <lambdapool/lambdapool.hpp>
#include <memory>

void misuse(lambdapool::LambdaPool& pool) {
  pool.apply(std::bind([](int a, int b) { return a + b; }, 1, std::placeholders::_1), 1);
}
