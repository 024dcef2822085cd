// What the platform says of one invocation, in the line with which it ends its log.
#pragma once

#include <optional>

namespace lambdapool::report {

struct Invocation {
  enum class Ending { ok, timed_out, failed };  // of the platform's; a function's own exception is ok
  Ending ending = Ending::ok;
  double duration_ms = 0;
  double billed_ms = 0;
  std::optional<double> init_ms = {};  // of a cold start
  int memory_mb = 0;
  int max_memory_used_mb = 0;
};

}  // namespace lambdapool::report
