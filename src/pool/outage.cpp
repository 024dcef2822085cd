#include "pool/outage.hpp"

#include <algorithm>

namespace lambdapool::pool {
namespace {

constexpr std::chrono::seconds untold{5};

}  // namespace

void Outage::failed(Time sent_at) {
  if (!since_) since_ = sent_at;
}

void Outage::ended() {
  since_.reset();
  told_ = false;
}

std::chrono::milliseconds Outage::within(std::chrono::milliseconds delay, Time now) const {
  if (!since_) return delay;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*since_ + deadline_ - now);
  return std::clamp(delay, std::chrono::milliseconds(0), std::max(left, std::chrono::milliseconds(0)));
}

std::optional<Outage::Time> Outage::tell_at() const {
  if (!since_ || told_) return std::nullopt;
  return *since_ + untold;
}

std::optional<std::chrono::seconds> Outage::to_tell(Time now) {
  const auto at = tell_at();
  if (!at || now < *at) return std::nullopt;
  told_ = true;
  return std::chrono::duration_cast<std::chrono::seconds>(now - *since_);
}

}  // namespace lambdapool::pool
