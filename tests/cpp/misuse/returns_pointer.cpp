// expect: lambdapool: a task cannot return a pointer
#include <functional>
#include <lambdapool/lambdapool.hpp>
#include <memory>

int* f();

void misuse(lambdapool::LambdaPool& pool) { pool.apply(f); }
