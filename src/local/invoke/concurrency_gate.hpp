// Decides whether one more invocation may run now. A pure count: no clock, no threads.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace lambdapool::local {

class ConcurrencyGate {
 public:
  explicit ConcurrencyGate(std::int64_t account_limit) : account_limit_(account_limit) {}

  enum class Verdict { admitted, function_limit, account_limit };

  // A function with reserved concurrency has that many places of its own; all others share what the
  // reservations leave. Whoever is admitted must leave().
  Verdict enter(const std::string& function, std::optional<std::int64_t> reserved,
                std::int64_t reserved_total);
  // One that takes the place of another of this function, which is about to leave.
  void succeed(const std::string& function, std::optional<std::int64_t> reserved);
  void leave(const std::string& function);

 private:
  struct Count {
    std::int64_t running = 0;
    std::int64_t shared = 0;  // of these, entered without a reservation
  };
  std::int64_t account_limit_;
  std::int64_t shared_ = 0;
  std::map<std::string, Count> functions_;
};

}  // namespace lambdapool::local
