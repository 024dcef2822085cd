// Deploys itself with a ladder of memory, and lets tasks fail: `kept FOLDER` prints "ok", or each check that
// does not hold.
#include <csignal>
#include <cstdlib>
#include <lambdapool/lambdapool.hpp>
#include <stdexcept>
#include <vector>

#include "check.hpp"

namespace lp = lambdapool;

namespace {

int memory_here() {
  const char* size = std::getenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE");
  return size == nullptr ? 0 : std::atoi(size);
}

int use(int megabytes) {
  std::vector<char> block(static_cast<std::size_t>(megabytes) << 20);
  for (std::size_t at = 0; at < block.size(); at += 4096) block[at] = 'x';
  return block[0] == 'x' ? memory_here() : 0;
}

int fails_on_three(int n) {
  if (n == 3) throw std::out_of_range("three");
  return n;
}

double sum_of_first(const lp::Shared<std::vector<double>>& shared, int count) {
  double sum = 0;
  for (int i = 0; i < count; ++i) sum += (*shared)[static_cast<std::size_t>(i)];
  if (count > 2) throw std::runtime_error("the sum is " + std::to_string(static_cast<int>(sum)));
  return sum;
}

__attribute__((noinline)) void crash_here() { std::raise(SIGSEGV); }
int crashes(int n) {
  if (n == 1) crash_here();
  return n;
}

}  // namespace

int main(int argc, char** argv) {
  lp::init(argc, argv);
  if (argc != 2) return 2;
  using Sizes = std::vector<int>;
  lp::LambdaPool pool{{.workers = 2,
                       .lambda_function = "kept",
                       .deploy = lp::self,
                       .memory_mb = {128, 384},
                       .timeout = std::chrono::seconds(60),
                       .keep_failed = argv[1]}};
  auto climbed = pool.map_async(use, Sizes{1, 200, 1});
  CHECK(climbed.get() == (Sizes{128, 384, 128}));
  CHECK(climbed.report().json().find("\"out_of_memory\": 1") != std::string::npos);
  CHECK(climbed.report().items() == 3 && climbed.report().calls() == 4);
  auto single = pool.apply_async(use, 200);
  CHECK(single.get() == 384);
  CHECK(single.report().calls() == 2);
  MESSAGE_OF(lp::OutOfMemory, pool.apply(use, 2000));

  const auto outcomes = pool.map_outcomes(fails_on_three, Sizes{1, 2, 3, 4});
  CHECK(outcomes[3].has_value() && !outcomes[2].has_value());
  MESSAGE_OF(std::out_of_range, pool.apply(fails_on_three, 3));
  const auto shared = pool.share(std::vector<double>(1'000'000, 2.5));
  MESSAGE_OF(std::runtime_error, pool.apply(sum_of_first, shared, 4));
  MESSAGE_OF(lp::WorkerDied, pool.map(crashes, Sizes{1}));

  const auto refused = [](lp::MemorySizes sizes, lp::Deploy deploy) {
    lp::LambdaPool{{.lambda_function = "kept", .deploy = deploy, .memory_mb = sizes}};
  };
  MESSAGE_OF(lp::InvalidArgument, refused({512, 512}, lp::self));
  MESSAGE_OF(lp::InvalidArgument, refused({128, 256}, lp::Deploy::nothing));
  std::cout << (failed_checks == 0 ? "ok" : "not ok") << "\n";
  return failed_checks == 0 ? 0 : 1;
}
