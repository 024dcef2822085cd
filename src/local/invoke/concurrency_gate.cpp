#include "local/invoke/concurrency_gate.hpp"

namespace lambdapool::local {

ConcurrencyGate::Verdict ConcurrencyGate::enter(const std::string& function,
                                                std::optional<std::int64_t> reserved,
                                                std::int64_t reserved_total) {
  const auto found = functions_.find(function);
  const auto running = found == functions_.end() ? 0 : found->second.running;
  if (reserved && running >= *reserved) return Verdict::function_limit;
  if (!reserved && shared_ >= account_limit_ - reserved_total) return Verdict::account_limit;
  succeed(function, reserved);
  return Verdict::admitted;
}

void ConcurrencyGate::succeed(const std::string& function, std::optional<std::int64_t> reserved) {
  auto& count = functions_[function];
  ++count.running;
  if (!reserved) {
    ++count.shared;
    ++shared_;
  }
}

void ConcurrencyGate::leave(const std::string& function) {
  const auto found = functions_.find(function);
  if (found == functions_.end()) return;
  auto& count = found->second;
  --count.running;
  // Which of a function's invocations ends does not matter: a reservation made meanwhile holds for the later
  // ones.
  if (count.shared > count.running) {
    --count.shared;
    --shared_;
  }
  if (count.running == 0) functions_.erase(found);
}

}  // namespace lambdapool::local
