// expect: lambdapool: a task cannot return a view
#include <functional>
#include <lambdapool/lambdapool.hpp>
#include <memory>

std::string_view f(std::string_view text);

void misuse(lambdapool::LambdaPool& pool) { pool.apply(f, "x"); }
