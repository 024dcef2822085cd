// What waits in the runtime's socket behind the invocation that it has.
#include <algorithm>
#include <iterator>
#include <ranges>

#include "core/packets.hpp"
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
  const auto packet =
      api_.packet_of(invocation, setting_.function->timeout, trace_id(invocation.request_id, now_ms()));
  if (!packet) return false;
  const bool row = api_.takes_rows() && is_row(invocation);
  if (row) pending.items = let_items_begin(*invocation.turn, invocation.request_id);
  if (!process_->send_early(*packet)) {
    if (row) give_back_early();  // its tokens must not stay in front of others
    return false;
  }
  invocation.payload.clear();
  invocation.turn->give_back = [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->give_back_early();
  };
  early_.push_back(std::move(pending));
  return true;
}

// A token for each item behind the first, before the row itself is sent: so they are there when it is
// begun. Where there is no room for one, no further item will begin.
std::size_t Worker::let_items_begin(const http::Turn& row, const std::string& id) {
  std::size_t items = 1;
  while (items < row.items && process_->send_token(id)) ++items;
  return items;
}

void Worker::heed_turn(const Invocation& invocation) {
  caller_ = invocation.turn ? invocation.turn->caller : nullptr;
  row_ = is_row(invocation) ? invocation.turn : nullptr;
}

// Who does not know rows, or gets this one over HTTP, runs all of it, as it would elsewhere; of tasks, the
// first.
void Worker::row_begun() {
  row_->is_untouched = false;
  if (!api_.takes_rows() || !api_.by_packet()) {
    if (row_->of_tasks && row_->on_cut) row_->on_cut(1);
    row_ = nullptr;
    return;
  }
  row_->give_back = [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->give_back_early();
  };
}

// What an item has written is to be of no other. Its worker looks whether there is something unread before it
// begins the next: so none may begin once that is read.
void Worker::end_rows() {
  const auto is_row_too = [](const PendingInvocation& one) { return is_row(one.invocation); };
  if (row_ || std::ranges::any_of(early_, is_row_too)) give_back_early();
}

// Of the present row, or of one that the runtime has begun after an answer which has not been heard yet.
void Worker::cut_rows(const std::vector<std::string>& tokens) {
  const auto cut = [&](PendingInvocation& row, const std::shared_ptr<http::Turn>& turn) {
    const auto unread = static_cast<std::size_t>(std::ranges::count(tokens, row.invocation.request_id));
    if (unread == 0) return;
    row.items -= std::min(unread, row.items - 1);
    if (const auto on_cut = turn->on_cut) on_cut(row.items);
  };
  if (tokens.empty()) return;
  if (row_) cut(*invocation_, row_);
  for (auto& row : early_) cut(row, row.invocation.turn);
}

// Either the runtime has a packet or we have it.
void Worker::give_back_early() {
  if (early_.empty() && !row_) return;
  const auto [unread, tokens, is_untouched] =
      process_->take_back(invocation_ ? invocation_->invocation.request_id : "", row_ && row_->only_first);
  if (row_) row_->is_untouched = is_untouched;
  const auto first = std::ranges::stable_partition(early_, [&](const PendingInvocation& one) {
    return std::ranges::find(unread, one.invocation.request_id) == unread.end();
  });
  std::vector<PendingInvocation> back(std::move_iterator(first.begin()), std::move_iterator(first.end()));
  early_.erase(first.begin(), first.end());
  cut_rows(tokens);
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
