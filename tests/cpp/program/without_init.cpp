// A program that would do as a client, but for the one call that makes it a worker too.
#include <lambdapool/lambdapool.hpp>

static int twice(int number) { return 2 * number; }

int main(int argc, char**) {
  lambdapool::LambdaPool pool{{.lambda_function = "f"}};
  return pool.apply(twice, argc);
}
