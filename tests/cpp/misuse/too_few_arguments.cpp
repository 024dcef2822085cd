// expect: lambdapool: the task takes another number of arguments
#include <functional>
#include <lambdapool/lambdapool.hpp>
#include <memory>

int f(int a, int b);

void misuse(lambdapool::LambdaPool& pool) { pool.apply(f, 1); }
