// expect: lambdapool: a task cannot take a pointer
#include <functional>
#include <lambdapool/lambdapool.hpp>
#include <memory>

int f(int* p);

void misuse(lambdapool::LambdaPool& pool) {
  lambdapool::LambdaExecutor executor{{.lambda_function = "f"}};
  int k = 3;
  executor.submit(f, &k);
  (void)pool;
}
