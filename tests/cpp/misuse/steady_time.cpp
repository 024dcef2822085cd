// expect: lambdapool: a steady_clock's time means nothing on another machine
#include <functional>
#include <lambdapool/lambdapool.hpp>
#include <memory>

int f(std::chrono::steady_clock::time_point at);

void misuse(lambdapool::LambdaPool& pool) { pool.apply(f, std::chrono::steady_clock::now()); }
