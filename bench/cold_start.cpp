// The C++ half of cold_start.py: the first call of a process, and calls that find no worker of the newest
// version. Deployed as the function `bench-cpp`. Usage: lambdapool_bench_cold_start PROGRAM.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <lambdapool/lambdapool.hpp>
#include <string>
#include <vector>

namespace {

int negate(int n) { return -n; }

template <class Run>
double milliseconds(Run run) {
  const auto start = std::chrono::steady_clock::now();
  run();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> figures) {
  std::sort(figures.begin(), figures.end());
  return figures[figures.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  lambdapool::init(argc, argv);
  if (argc == 1) return 0;  // what the peer measures: this program, started and ended
  const std::string program = argv[1];
  lambdapool::LambdaPool pool{{.workers = 1, .lambda_function = "bench-cpp", .target = "local"}};
  const double first = milliseconds([&] { pool.apply(negate, 1); });
  std::vector<double> next;
  std::vector<double> process;
  for (int memory = 257; memory < 267; ++memory) {
    const auto update =
        program + " update bench-cpp --memory " + std::to_string(memory) + " --target local > /dev/null";
    if (std::system(update.c_str()) != 0) return 1;
    next.push_back(milliseconds([&] { pool.apply(negate, 1); }));
    process.push_back(milliseconds([&] { (void)!std::system(argv[0]); }));
  }
  std::printf("{\"first\": %.3f, \"next\": %.3f, \"process\": %.3f}\n", first, median(next), median(process));
  return 0;
}
