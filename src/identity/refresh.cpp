#include "identity/refresh.hpp"

#include <algorithm>

namespace lambdapool::identity {

namespace {

constexpr std::chrono::minutes least_life{1};
constexpr std::chrono::minutes patient{1};
constexpr std::chrono::seconds eager{10};

}  // namespace

Time refresh_at(Time fetched, Time expires) {
  const auto half_life = std::max<Time::duration>((expires - fetched) / 2, least_life);
  return std::max(expires - advisory_window, fetched + half_life);
}

Time retry_at(Time failed, Time expires) {
  const bool pressing = expires - failed <= mandatory_window;
  return failed + (pressing ? std::chrono::seconds(eager) : std::chrono::seconds(patient));
}

}  // namespace lambdapool::identity
