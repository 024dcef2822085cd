// Deploys itself and compares sizes of memory: prints "ok", or each check that does not hold.
#include <iostream>
#include <lambdapool/lambdapool.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "check.hpp"

namespace lp = lambdapool;

namespace {

int use(int megabytes) {
  std::vector<char> block(static_cast<std::size_t>(megabytes) << 20);
  for (std::size_t at = 0; at < block.size(); at += 4096) block[at] = 'x';
  return block[0];
}

double first_of(const lp::Shared<std::vector<double>>& shared) { return shared->front(); }

int throws(int n) { throw std::out_of_range(std::to_string(n)); }

}  // namespace

int main(int argc, char** argv) {
  lp::init(argc, argv);
  using Sizes = std::vector<int>;
  lp::LambdaPool pool{{.workers = 2,
                       .lambda_function = "tunes",
                       .deploy = lp::self,
                       .memory_mb = 320,
                       .timeout = std::chrono::seconds(60)}};
  const lp::Tuning tuning = pool.tune(use, Sizes{1, 150, 2}, {256, 128, 512, 256});
  CHECK(tuning.rows().size() == 3);
  CHECK(tuning.rows()[0].memory_mb == 128 && tuning.rows()[0].failure == "out of memory");
  CHECK(tuning.rows()[1].memory_mb == 256 && tuning.rows()[1].failure.empty());
  CHECK(tuning.rows()[1].items == 3 && tuning.rows()[1].item_ms > 0 && tuning.rows()[1].item_cost > 0);
  CHECK(tuning.rows()[1].max_memory_used_mb >= 150 && tuning.rows()[1].max_memory_used_mb <= 256);
  CHECK(tuning.cheapest() != nullptr && tuning.fastest() != nullptr && tuning.balanced() != nullptr);
  CHECK(tuning.cheapest()->memory_mb >= 256);
  CHECK(tuning.text().find("no times of AWS") != std::string::npos);
  CHECK(tuning.json().find("\"balanced\"") != std::string::npos);
  CHECK(lp::list().front().memory_mb == 320);  // as others call it, who name no version

  const auto shared = pool.share(std::vector<double>(1'000'000, 2.5));
  CHECK(pool.tune(first_of, std::vector{shared}, {256}).cheapest() != nullptr);
  MESSAGE_OF(std::out_of_range, pool.tune(throws, Sizes{7}, {256}));
  MESSAGE_OF(lp::InvalidArgument, pool.tune(use, Sizes{}));
  MESSAGE_OF(lp::InvalidArgument, pool.tune(use, Sizes{1}, {}));
  MESSAGE_OF(lp::InvalidArgument, pool.tune(use, Sizes{1}, {1}));
  lp::LambdaPool plain{{.lambda_function = "tunes"}};
  CHECK(MESSAGE_OF(lp::InvalidArgument, plain.tune(use, Sizes{1})).find("lambdapool::self") !=
        std::string::npos);
  std::cout << (failed_checks == 0 ? "ok" : "not ok") << "\n";
  return failed_checks == 0 ? 0 : 1;
}
