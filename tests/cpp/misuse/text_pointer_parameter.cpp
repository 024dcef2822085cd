// expect: lambdapool: a task cannot take a pointer
#include <functional>
#include <lambdapool/lambdapool.hpp>
#include <memory>

int f(const char* text);

void misuse(lambdapool::LambdaPool& pool) { pool.apply(f, "x"); }
