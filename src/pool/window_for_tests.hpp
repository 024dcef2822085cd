// What the tests of a window share: a clock that stands, and calls in bulk.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <vector>

#include "pool/window.hpp"

namespace lambdapool::pool {

class WindowTest : public testing::Test {
 protected:
  std::vector<Window::Id> sendable(Window& window) {
    std::vector<Window::Id> ids;
    while (auto id = window.next(now_)) ids.push_back(*id);
    return ids;
  }
  static void submit(Window& window, Window::Id first, Window::Id last) {
    for (auto id = first; id <= last; ++id) window.submit(id);
  }
  static double always_most() { return 0.999; }
  static double always_least() { return 0; }

  Window::Time now_ = Window::Time{} + std::chrono::hours(1);
};

}  // namespace lambdapool::pool
