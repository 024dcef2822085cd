// What a pool's user decides about its calls.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "core/error.hpp"

namespace lambdapool::pool {

struct EngineOptions {
  std::string function;                        // name, name:qualifier or ARN
  int workers = 10;                            // at most so many calls in flight, 1 to 10,000
  std::chrono::seconds function_timeout{900};  // the read timeout is this plus read_margin
  // A throttled call is tried again until nothing of this engine has got through for so long; while its
  // own calls run or complete, the service is merely busy with them.
  std::chrono::milliseconds throttle_deadline{300'000};
  // A call that may have run is sent again only where running twice does no harm; then `retries` times.
  bool idempotent = false;
  std::optional<int> retries = {};  // with idempotent: 2 unless given
  // The function's own timeout always comes first; this much later something is wrong with the connection.
  std::chrono::milliseconds read_margin{30'000};
};

Result<void> validate(const EngineOptions& options);  // error kind invalid_argument

// How often a call that may have run is sent again.
int retries_of(const EngineOptions& options);

}  // namespace lambdapool::pool
