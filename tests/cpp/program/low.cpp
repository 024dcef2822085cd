// Numbers in the range of this executable's addresses, and pointers, as captures.
#include <iostream>
#include <lambdapool/lambdapool.hpp>
#include <vector>

int main(int argc, char** argv) {
  lambdapool::init(argc, argv);
  lambdapool::LambdaPool pool{{.workers = 1, .lambda_function = argc > 1 ? argv[1] : "low"}};
  for (long n = 4L << 20; n < 64L << 20; n += 999'983)
    if (pool.apply([n](long k) { return n + k; }, 1L) != n + 1) return 1;
  static const int table[] = {1, 2, 3};
  const std::vector<int> some{4, 5};
  int refused = 0;
  for (const int* pointer : {table, some.data()}) {
    try {
      pool.apply([pointer](int k) { return pointer[k]; }, 0);
    } catch (const lambdapool::InvalidArgument&) {
      ++refused;
    }
  }
  std::cout << refused << " pointers refused\n";
}
