#include "local/invoke/concurrency_gate.hpp"

namespace lambdapool::local {

ConcurrencyGate::Verdict ConcurrencyGate::enter(const std::string& function,
                                                std::optional<std::int64_t> reserved,
                                                std::int64_t reserved_total) {
  const auto found = functions_.find(function);
  const auto running = found == functions_.end() ? 0 : found->second.running;
  if (reserved && running >= *reserved) return Verdict::function_limit;
  if (!reserved && shared_ >= account_limit_ - reserved_total) return Verdict::account_limit;
  auto& count = found == functions_.end() ? functions_[function] : found->second;
  ++count.running;
  if (!reserved) {
    ++count.shared;
    ++shared_;
  }
  return Verdict::admitted;
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
