// Deploys itself to a local Lambda of its own, and calls itself there.
#include <cstdlib>
#include <iostream>
#include <lambdapool/lambdapool.hpp>
#include <vector>

int square(int n) { return n * n; }

int main(int argc, char** argv) {
  lambdapool::init(argc, argv);
  lambdapool::create("squares", {.paths = {argv[0]}}, {.target = "local"});
  lambdapool::LambdaPool pool{{.workers = 2, .lambda_function = "squares", .target = "local"}};
  const auto squares = pool.map(square, std::vector{1, 2, 3});
  return std::vector<int>(squares.begin(), squares.end()) == std::vector{1, 4, 9} ? EXIT_SUCCESS
                                                                                  : EXIT_FAILURE;
}
