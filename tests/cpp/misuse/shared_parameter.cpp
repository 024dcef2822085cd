// expect: lambdapool: a parameter's type cannot travel
#include <functional>
#include <lambdapool/lambdapool.hpp>
#include <memory>

int f(std::shared_ptr<int> p);

void misuse(lambdapool::LambdaPool& pool) { pool.apply(f, std::make_shared<int>(3)); }
