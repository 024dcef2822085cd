// What one call of a pool took, as the pool saw it and as the platform reported it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/architecture.hpp"
#include "report/invocation.hpp"

namespace lambdapool::report {

// How often a call had to be sent again, by reason; an attempt that was throttled or not reached is not
// billed.
struct Retries {
  std::uint32_t throttled_rate = 0;
  std::uint32_t throttled_concurrency = 0;
  std::uint32_t lost = 0;           // it may have run: no answer, or an error of the service
  std::uint32_t not_reached = 0;    // the network was out
  std::uint32_t refused_token = 0;  // credentials had expired, or the clock was wrong
  std::uint32_t stragglers = 0;  // it took so long that its items were sent in a second call, which was first
  std::uint32_t out_of_memory = 0;  // of its items, which had a variant with more left to be sent to
  std::uint32_t failed_items = 0;   // that failed in a way which their user has named (retry_on)
};

// Of the call itself, without which items it carried.
struct CallTimes {
  using Time = std::chrono::steady_clock::time_point;
  Time queued = {};   // given to the window of calls in flight
  Time sent = {};     // for the last time
  Time arrived = {};  // its answer, or the news that none comes
  std::size_t bytes_sent = 0;
  std::size_t bytes_received = 0;
  Retries retries = {};
  std::optional<Invocation> invocation = {};      // where the platform reported one
  std::optional<Architecture> architecture = {};  // of the function, where one of its answers has told it
};

struct Call {
  std::uint64_t job = 0;
  std::size_t first = 0;  // of the job's items, those that it carried
  std::size_t count = 1;  // of which there are outcomes: 0 where the worker had other code, and ran none
  double busy_ms = 0;     // that the worker was with them, by its own clock; 0 where it has not said so
  std::string_view failure = {};  // the kind of error that it ended with; "" where it brought outcomes
  CallTimes times = {};
};

}  // namespace lambdapool::report
