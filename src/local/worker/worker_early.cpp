// What waits in the runtime's socket behind the invocation that it has.
#include <algorithm>
#include <iterator>
#include <ranges>

#include "local/worker/worker.hpp"

namespace lambdapool::local {
namespace {

constexpr std::size_t early_max = 3;

}  // namespace

void Worker::offer() {
  if (early_.empty()) return events_.idle(*this);
  PendingInvocation next = std::move(early_.front());
  early_.pop_front();
  begin(std::move(next), Delivered::early);
}

bool Worker::takes_early(const void* caller) const {
  return life_.state() == Life::State::busy && caller && caller_ == caller && is_quick_ &&
         early_.size() < early_max && api_.by_packet() && !extensions_->any() &&
         Clock::now() - begun_ <= setting_.early_within;
}

bool Worker::take_early(PendingInvocation&& pending) {
  auto& invocation = pending.invocation;
  const auto packet = RuntimeApi::packet_of(invocation, setting_.function->timeout,
                                            trace_id(invocation.request_id, now_ms()));
  if (!packet || !process_->send_early(*packet)) return false;
  invocation.payload.clear();
  invocation.turn->give_back = [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->give_back_early();
  };
  early_.push_back(std::move(pending));
  return true;
}

// Either the runtime has a packet or we have it.
void Worker::give_back_early() {
  if (early_.empty()) return;
  const auto unread = process_->take_back(invocation_ ? invocation_->invocation.request_id : "");
  const auto first = std::ranges::stable_partition(early_, [&](const PendingInvocation& one) {
    return std::ranges::find(unread, one.invocation.request_id) == unread.end();
  });
  std::vector<PendingInvocation> back(std::move_iterator(first.begin()), std::move_iterator(first.end()));
  early_.erase(first.begin(), first.end());
  for (auto& one : std::ranges::reverse_view(back)) {  // the last first: each is put before the others
    one.invocation.turn->standing = http::Turn::Standing::returned;
    one.invocation.turn->give_back = nullptr;
    one.done({});
  }
}

// Before anything is said of the present invocation: it is the one that the runtime has. What it has taken
// beyond that it took after an answer, which is here.
void Worker::settle_early() {
  do give_back_early();
  while (!early_.empty() && process_->hear_packets());
}

// What it has taken without having answered what came before: that was not our runtime.
void Worker::fail_early() {
  for (auto& lost : std::exchange(early_, {})) {
    lost.invocation.begun();
    lost.done(result_of_failure(lost.invocation, life_.verdict()));
  }
}

}  // namespace lambdapool::local
