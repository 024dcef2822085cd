// Deploys itself before its first call, to where the project's file says.
#include <iostream>
#include <lambdapool/lambdapool.hpp>
#include <vector>

namespace lp = lambdapool;

namespace {

int twice(int n) { return 2 * n; }

}  // namespace

int main(int argc, char** argv) {
  lp::init(argc, argv);
  {
    lp::LambdaPool pool{{.workers = 2,
                         .lambda_function = "itself",
                         .deploy = lp::self,
                         .memory_mb = 256,
                         .timeout = std::chrono::seconds(30)}};
    for (const int n : pool.map(twice, std::vector{1, 2, 3})) std::cout << n << " ";
    std::cout << pool.apply([](int n) { return n + 1; }, 41) << "\n";
  }
  {
    lp::LambdaExecutor executor{{.workers = 1, .lambda_function = "itself", .deploy = lp::self}};
    std::cout << executor.submit(twice, 4).get() << "\n";
  }
  {
    lp::LambdaPool plain{{.workers = 1, .lambda_function = "itself"}};  // what was deployed last
    std::cout << plain.apply(twice, 5) << "\n";
  }
  for (const auto& function : lp::list())
    std::cout << function.name << " " << function.memory_mb << " MB " << function.timeout_s << " s "
              << function.arn << "\n";
}
