#include "core/own_thread.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace lambdapool {
namespace {

TEST(OwnThread, TakesNoSignals) {
  sigset_t mask{};
  start_own_thread([&] { ::pthread_sigmask(SIG_BLOCK, nullptr, &mask); }).join();
  EXPECT_EQ(sigismember(&mask, SIGINT), 1);
  ::pthread_sigmask(SIG_BLOCK, nullptr, &mask);
  EXPECT_EQ(sigismember(&mask, SIGINT), 0);
}

// In a process of its own, of a user to whom the limit applies.
[[noreturn]] void try_without_room() {
  const rlimit none{0, 0};
  if (::geteuid() == 0 && ::setuid(65534) != 0) std::_Exit(2);
  if (::setrlimit(RLIMIT_NPROC, &none) != 0) std::_Exit(2);
  try {
    start_own_thread([] {}).join();
  } catch (const NoThread& failure) {
    std::fprintf(stderr, "%s\n", failure.what());
    std::_Exit(0);
  }
  std::_Exit(1);
}

TEST(OwnThread, WhereThereIsNoneSaysWhatToLookAt) {
  EXPECT_EXIT(try_without_room(), testing::ExitedWithCode(0),
              "no thread could be started; look at .*ulimit -u.*ulimit -v.*pids.max.*: Resource temporarily");
}

}  // namespace
}  // namespace lambdapool
