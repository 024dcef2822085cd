// expect: lambdapool: a task cannot return a view
#include <functional>
#include <lambdapool/lambdapool.hpp>
#include <memory>

std::span<const double> f();

void misuse(lambdapool::LambdaPool& pool) { pool.apply(f); }
