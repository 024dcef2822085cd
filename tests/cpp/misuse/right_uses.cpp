// expect: nothing
// The harness's own check: with right uses the compiler is content.
#include <lambdapool/lambdapool.hpp>

int f(int a, const std::string& b);

void right(lambdapool::LambdaPool& pool) { pool.apply(f, 1, "x"); }
