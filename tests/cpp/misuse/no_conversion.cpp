// expect: lambdapool: an argument does not convert
#include <functional>
#include <lambdapool/lambdapool.hpp>
#include <memory>

int f(int n);

void misuse(lambdapool::LambdaPool& pool) { pool.apply(f, std::string("x")); }
