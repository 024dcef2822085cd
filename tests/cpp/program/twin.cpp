// Prints what the function FUNCTION answers, which may be the other build of this program.
#include <iostream>
#include <lambdapool/lambdapool.hpp>

int twice(int n) { return 2 * n; }

int main(int argc, char** argv) {
  lambdapool::init(argc, argv);
  try {
    lambdapool::LambdaPool pool{{.lambda_function = argv[1]}};
    std::cout << pool.apply(lambdapool::fn<&twice>, 21) << " " << pool.apply(twice, 4) << " "
              << pool.apply([](int n) { return n + 1; }, 1) << "\n";
  } catch (const std::exception& error) {
    std::cout << error.what() << "\n";
  }
}
