#include "deploy/stop_token.hpp"

#include <algorithm>
#include <string>
#include <thread>

namespace lambdapool::deploy {

bool StopToken::wait_for(std::chrono::milliseconds at_most) const {
  using Clock = std::chrono::steady_clock;
  constexpr std::chrono::milliseconds asking_interval{50};
  const auto until = Clock::now() + at_most;
  for (auto now = Clock::now(); !is_wanted(); now = Clock::now()) {
    if (now >= until) return false;
    std::this_thread::sleep_until(std::min(until, now + asking_interval));
  }
  return true;
}

Result<void> StopToken::check(const char* consequence) const {
  if (!is_wanted()) return {};
  return fail(ErrorKind::cancelled, std::string("interrupted: ") + consequence + ".");
}

}  // namespace lambdapool::deploy
