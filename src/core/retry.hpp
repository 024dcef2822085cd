// When to try a call again, and after how long: decisions without clock, sockets or random source.
//
// Control-plane calls follow the AWS SDKs' standard mode as of November 2026: three attempts; a random
// part of min(base * 2^i, 20 s), where the base is 50 ms, or 1 s for a throttled call; and a budget of
// tokens shared by a client's calls, so that a failing service is not hammered. Invoke is another
// matter: it may only be sent again when the answer itself says that the function has not run.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "core/error.hpp"

namespace lambdapool::retry {

enum class ErrorClass { permanent, transient, throttled };

// By the service's error code and HTTP status; without an answer, by whether the network was at fault.
ErrorClass classify(const Error& error);

struct Policy {
  int max_attempts = 3;
  std::chrono::milliseconds base{50};
  std::chrono::milliseconds throttled_base{1'000};
  std::chrono::milliseconds cap{20'000};
  int retry_cost = 14;
  int throttled_cost = 5;
  int budget = 500;
};

// The tokens that one client's calls share. Not thread-safe.
class Budget {
 public:
  explicit Budget(int capacity = Policy().budget) : capacity_(capacity), tokens_(capacity) {}
  bool take(int tokens);
  void give_back(int tokens);
  int tokens() const { return tokens_; }

 private:
  int capacity_;
  int tokens_;
};

// One call's attempts. Fed with each failure, it says how long to wait before the next attempt.
class Attempts {
 public:
  explicit Attempts(Policy policy = {}) : policy_(policy) {}

  // nullopt: give up. `retry_after` is the answer's x-amz-retry-after; `random` is in [0, 1).
  std::optional<std::chrono::milliseconds> failed(ErrorClass failure, Budget& budget, double random,
                                                  std::optional<std::chrono::milliseconds> retry_after = {});
  // Returns to the budget what the last retry took, or a token for a call that needed none.
  void succeeded(Budget& budget) const;
  int made() const { return made_; }  // attempts that have failed

 private:
  Policy policy_;
  int made_ = 0;
  int taken_ = 0;
};

// The header x-amz-retry-after: milliseconds. nullopt where it is absent or malformed.
std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view header);

// Whether an Invoke that failed so may be sent again: the service refused it before running anything.
// Failures without an answer are not judged here, since only the transport knows what was sent.
bool has_not_run(const Error& error);

// How long to wait before a throttled Invoke is sent again, after `throttles` throttles in a row (1 or
// more): between half and all of min(50 ms * 2^(throttles - 1), 5 s), so that waiting calls spread out.
std::chrono::milliseconds throttled_invoke_delay(int throttles, double random);

}  // namespace lambdapool::retry
