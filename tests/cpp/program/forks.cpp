// A program that forks while it has a pool.
#include <sys/wait.h>
#include <unistd.h>

#include <lambdapool/lambdapool.hpp>
#include <memory>

#include "check.hpp"
#include "gate.hpp"

namespace lp = lambdapool;

namespace {

int twice(int n) { return 2 * n; }

int pass(int port) {
  Gate::pass(port);
  return port;
}

}  // namespace

void run_forks(const std::string& function) {
  const auto made_before = "this pool was made before fork(): make a new one in the child process";
  Gate gate;
  auto pool = std::make_unique<lp::LambdaPool>(lp::Options{.workers = 1, .lambda_function = function});
  auto executor =
      std::make_unique<lp::LambdaExecutor>(lp::Options{.workers = 1, .lambda_function = function});
  CHECK(pool->apply(twice, 1) == 2);
  auto under_way = pool->apply_async(pass, gate.port());
  std::cout << std::flush;
  const pid_t child = ::fork();
  if (child == 0) {
    CHECK(MESSAGE_OF(lp::Cancelled, pool->apply(twice, 1)) == made_before);
    CHECK(MESSAGE_OF(lp::Cancelled, executor->submit(twice, 1).get()) == made_before);
    CHECK(under_way.wait_for(std::chrono::hours(1)) == std::future_status::ready && !under_way.cancel());
    CHECK(MESSAGE_OF(lp::Cancelled, under_way.get()) == made_before);
    {
      lp::LambdaPool own{{.workers = 1, .lambda_function = function}};
      CHECK(own.apply(twice, 2) == 4);
    }
    pool.reset();
    executor.reset();
    std::cout << std::flush;
    ::_exit(failed_checks);
  }
  int status = 0;
  CHECK(::waitpid(child, &status, 0) == child && status == 0);
  gate.open();
  CHECK(under_way.get() == gate.port() && pool->apply(twice, 3) == 6);
}
