#include "identity/refresh.hpp"

#include <algorithm>

namespace lambdapool::identity {

namespace {

constexpr std::chrono::minutes of_ended{1};
constexpr std::chrono::minutes patient{1};
constexpr std::chrono::seconds eager{10};

}  // namespace

Time refresh_at(Time fetched, Time expires) {
  const auto life = expires - fetched;
  if (life <= Time::duration::zero()) return fetched + of_ended;
  return std::max(expires - advisory_window, fetched + life / 2);
}

Time retry_at(Time failed, Time expires) {
  const bool pressing = expires - failed <= mandatory_window;
  return failed + (pressing ? std::chrono::seconds(eager) : std::chrono::seconds(patient));
}

}  // namespace lambdapool::identity
