// expect: lambdapool: this lambda or function object cannot travel
#include <functional>
#include <lambdapool/lambdapool.hpp>
#include <memory>

void misuse(lambdapool::LambdaPool& pool) {
  std::string name = "x";
  pool.apply([name](int n) { return name + std::to_string(n); }, 1);
}
