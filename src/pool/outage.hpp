// Whether the service is out of reach, and for how long: a blip of the network must not cost a task. A
// failure to connect is never one call's own, so the pool's calls share the outage, and whatever gets through
// ends it.
#pragma once

#include <chrono>
#include <optional>

namespace lambdapool::pool {

class Outage {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // Calls wait for the service for so long; none of them if it is zero.
  explicit Outage(std::chrono::milliseconds deadline) : deadline_(deadline) {}

  // A call that was sent at that time has not reached the service.
  void failed(Time sent_at);
  // The service has answered a call, with whatever.
  void ended();

  bool is_over_deadline(Time now) const { return since_ && now - *since_ >= deadline_; }
  bool has_lasted_since(Time time) const { return since_ && *since_ <= time; }
  // A wait that does not go beyond the deadline, so that there is an attempt right at it.
  std::chrono::milliseconds within(std::chrono::milliseconds delay, Time now) const;

  // Users are told after five seconds, once of each outage.
  std::optional<Time> tell_at() const;
  std::optional<std::chrono::seconds> to_tell(Time now);  // for how long it has lasted, when it is time

 private:
  const std::chrono::milliseconds deadline_;
  std::optional<Time> since_ = {};
  bool told_ = false;
};

}  // namespace lambdapool::pool
