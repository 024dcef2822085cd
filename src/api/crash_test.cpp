#include "api/crash.hpp"

#include <gtest/gtest.h>

namespace lambdapool::api {
namespace {

TEST(Crash, TheStackIsReadFromTheEndOfALog) {
  const auto stack = read_stack(
      "hello\n"
      "lambdapool: SIGSEGV at the address 0x8 ended this worker, in:\n"
      "  #0 0x55f8eef2e489 _Z5readsPVi+0x0 (the executable+0x1489)\n"
      "  #1 0x55f8eef2e59f (the executable+0x159f)\n"
      "  #2 0x7f0000001234 main+0x7 (/var/task/lib/libshop+1.so+0x234)\n"
      "  ... and 9 or more around them\n"
      "END RequestId: 1\n");
  EXPECT_EQ(stack.signal, "SIGSEGV");
  ASSERT_EQ(stack.frames.size(), 3u);
  EXPECT_EQ(stack.frames[0].symbol, "_Z5readsPVi");
  EXPECT_EQ(stack.frames[0].module, "");
  EXPECT_EQ(stack.frames[0].offset, 0x1489u);
  EXPECT_EQ(stack.frames[1].symbol, "");
  EXPECT_EQ(stack.frames[1].offset, 0x159fu);
  EXPECT_EQ(stack.frames[2].module, "/var/task/lib/libshop+1.so");
}

TEST(Crash, TheLastOneCounts) {
  const auto stack = read_stack(
      "lambdapool: the time of this task is almost over; it is in:\n"
      "  #0 0x1 early+0x0 (the executable+0x1)\n"
      "lambdapool: SIGABRT ended this worker, in:\n"
      "  #0 0x2 late+0x0 (the executable+0x2)\n");
  EXPECT_EQ(stack.signal, "SIGABRT");
  ASSERT_EQ(stack.frames.size(), 1u);
  EXPECT_EQ(stack.frames[0].symbol, "late");
  EXPECT_TRUE(read_stack("nothing of the kind\n").frames.empty());
  EXPECT_EQ(crash_of("nothing of the kind\n", "message"), nullptr);
}

TEST(Crash, LinesOfInlinedFunctionsComeBeforeWhatTheyWereInlinedInto) {
  const auto frames = read_lines(
      "0x0000000000001489: shop::Cart::at(int) at /src/cart.hpp:12 (discriminator 3)\n"
      " (inlined by) shop::total(int) at /src/shop.cpp:31\n"
      "0x00000000000015a0: ?? ??:0\n"
      "0x00000000000015b0: main at ??:?\n");
  ASSERT_EQ(frames.size(), 3u);
  ASSERT_EQ(frames[0].size(), 2u);
  EXPECT_EQ(to_string(frames[0][0]), "shop::Cart::at(int) at /src/cart.hpp:12");
  EXPECT_EQ(to_string(frames[0][1]), "shop::total(int) at /src/shop.cpp:31");
  EXPECT_EQ(frames[1][0].function, "");
  EXPECT_EQ(frames[2][0].function, "main");
  EXPECT_EQ(frames[2][0].file, "");
}

TEST(Crash, FramesWithoutLinesHaveTheirDemangledNames) {
  const auto crash = crash_of(
      "lambdapool: SIGFPE at the address 0x1 ended this worker, in:\n"
      "  #0 0x7f0000001234 _Z5readsPVi+0x0 (/lib/libshop.so+0x234)\n",
      "the worker died");
  ASSERT_TRUE(crash);
  EXPECT_EQ(crash->signal(), "SIGFPE");
  EXPECT_EQ(crash->text(), "the worker died\n  #0 reads(int volatile*) (/lib/libshop.so+0x234)");
}

}  // namespace
}  // namespace lambdapool::api
