// A caller's wish that what goes on here come to an end, from a signal or a cancelled task. It is asked for
// by whoever works or waits, on their thread, ten times a second and more.
#pragma once

#include <chrono>
#include <functional>
#include <utility>

#include "core/error.hpp"

namespace lambdapool::deploy {

class StopToken {
 public:
  StopToken() = default;  // nobody ever wants that
  explicit StopToken(std::function<bool()> wanted) : wanted_(std::move(wanted)) {}

  bool is_wanted() const { return wanted_ && wanted_(); }
  bool wait_for(std::chrono::milliseconds at_most) const;  // true as soon as it is wanted

  // Error kind cancelled with `consequence` ("nothing was changed") once it is wanted.
  Result<void> check(const char* consequence) const;

 private:
  std::function<bool()> wanted_;
};

}  // namespace lambdapool::deploy
