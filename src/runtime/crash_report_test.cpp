#include "runtime/crash_report.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

namespace lambdapool::runtime {

// Not in an anonymous namespace: the report shows functions by the names that the symbol table has.
[[gnu::noinline]] int crash_report_reads(const volatile int* address) { return *address + 1; }

namespace {

TEST(CrashReportDeathTest, NamesTheSignalItsAddressAndTheFunction) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto crash = [] {
    ::signal(SIGSEGV, SIG_DFL);  // a sanitizer handles it otherwise
    report_crashes();
    crash_report_reads(reinterpret_cast<int*>(8));
  };
  EXPECT_EXIT(crash(), testing::KilledBySignal(SIGSEGV),
              "lambdapool: SIGSEGV at the address 0x8 .*\n.*crash_report_reads");
}

TEST(CrashReportDeathTest, ComesFromAbortToo) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto crash = [] {
    report_crashes();
    std::abort();
  };
  EXPECT_EXIT(crash(), testing::KilledBySignal(SIGABRT), "lambdapool: SIGABRT ended this worker");
}

TEST(CrashReportDeathTest, LeavesASignalToWhoHandlesItAlready) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto crash = [] {
    ::signal(SIGSEGV, [](int) { ::_exit(7); });
    report_crashes();
    ::raise(SIGSEGV);
  };
  EXPECT_EXIT(crash(), testing::ExitedWithCode(7), "^$");
}

}  // namespace
}  // namespace lambdapool::runtime
