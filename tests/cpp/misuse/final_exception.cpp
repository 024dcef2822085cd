// expect: lambdapool: send_exception<E>() needs a class that derives from std::exception
#include <functional>
#include <lambdapool/lambdapool.hpp>
#include <memory>

struct Bad {};

void misuse(lambdapool::LambdaPool& pool) {
  lambdapool::send_exception<Bad>();
  (void)pool;
}
