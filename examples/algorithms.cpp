// A program that is both sides: run by you it calls Lambda, run by Lambda it serves the calls.
//
//   $ export LAMBDAPOOL_TARGET=local
//   $ lambdapool create algorithms-cpp build/bin/algorithms --memory 128 --timeout 300
//   $ build/bin/algorithms
//   fibonacci(10) = 55
//   0 1 1 2 3 5 8 13 21 34 55 89 144 233 377 610 987 1597 2584 4181
//   0! = 1, 1! = 1, 2! = 2, 3! = 6, 4! = 24, 5! = 120
//   factorial(-1): Factorial of a negative number does not exist
#include <iostream>
#include <lambdapool/lambdapool.hpp>
#include <ranges>
#include <stdexcept>
#include <string>
#include <vector>

namespace lp = lambdapool;

// A naive implementation of computing n'th fibonacci number
int fibonacci(int n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }

// Returns factorial of a number
long factorial(long n) {
  if (n < 0) throw std::invalid_argument("Factorial of a negative number does not exist");
  return n == 0 ? 1 : n * factorial(n - 1);
}

int run(const std::string& function) {
  lp::LambdaPool pool{{.workers = 10, .lambda_function = function}};
  std::cout << "fibonacci(10) = " << pool.apply(fibonacci, 10) << "\n";
  for (int number : pool.map(fibonacci, std::views::iota(0, 20)))
    std::cout << number << (number < 4181 ? " " : "\n");

  lp::LambdaExecutor executor{{.lambda_function = function}};
  std::vector<lp::Future<std::string>> lines;
  for (long n : std::views::iota(0, 6)) {
    lines.push_back(
        executor.submit([](long k) { return std::to_string(k) + "! = " + std::to_string(factorial(k)); }, n));
  }
  for (std::size_t i = 0; i < lines.size(); ++i)
    std::cout << lines[i].get() << (i + 1 < lines.size() ? ", " : "\n");

  try {
    pool.apply(factorial, -1);
  } catch (const std::invalid_argument& error) {  // thrown in the worker, caught here
    std::cout << "factorial(-1): " << error.what() << "\n";
  }
  return 0;
}

int main(int argc, char** argv) {
  lp::init(argc, argv);  // in Lambda: serves invocations, never returns
  try {
    return run(argc > 1 ? argv[1] : "algorithms-cpp");
  } catch (const lp::LambdaPoolError& error) {
    std::cerr << "algorithms: " << error.what() << "\n";
    return 1;
  }
}
