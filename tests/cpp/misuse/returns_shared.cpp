// expect: lambdapool: the result's type cannot travel
#include <functional>
#include <lambdapool/lambdapool.hpp>
#include <memory>

std::shared_ptr<int> f();

void misuse(lambdapool::LambdaPool& pool) { pool.apply(f); }
