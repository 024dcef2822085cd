// expect: lambdapool: a parameter's type cannot travel
#include <functional>
#include <lambdapool/lambdapool.hpp>
#include <memory>

struct Shape {
  double x;
};
struct Circle : Shape {
  double radius;
};
double f(Circle circle);

void misuse(lambdapool::LambdaPool& pool) { pool.apply(f, Circle{}); }
