// Calls that are sent before their turn: to a service of this process, which has them wait where they will
// run.
#include "pool/engine_impl.hpp"

namespace lambdapool::pool {

using http::Turn;

void Engine::Impl::take_turn(Id id, Call& call, Turn::Standing standing) {
  call.turn = std::make_shared<Turn>(Turn{this, standing});
  call.request.turn = call.turn;
  if (call.place.items > 1) {
    call.turn->items = call.place.items;
    call.turn->of_tasks = call.place.of_tasks;
    call.turn->is_untouched = true;
    call.turn->on_cut = [weak = weak_from_this(), id](std::size_t items) {
      if (const auto self = weak.lock()) self->cut(id, items);
    };
  }
  if (standing != Turn::Standing::early) return;
  call.turn->on_begun = [weak = weak_from_this(), id] {
    const auto self = weak.lock();
    if (!self) return;
    const std::lock_guard lock(self->mutex);
    const auto now = Clock::now();
    self->window.begun(id, now);
    if (auto* begun = self->calls.find(id)) (*begun)->times.sent = now;
  };
}

void Engine::Impl::cut(Id id, std::size_t items) {
  std::unique_lock lock(mutex);
  if (terminated) return;                                         // and nobody may be left to tell
  if (auto* call = calls.find(id)) (*call)->place.items = items;  // also where it is sent again
  lock.unlock();
  options.cut(id, items);
}

// Whether the call has come back as it went: it waits again, first of all.
bool Engine::Impl::has_returned(Id id, http::Request& request) {
  if (!request.turn) return false;
  const std::lock_guard lock(mutex);
  if (request.turn->standing == Turn::Standing::early)
    window.begun(id, Clock::now());  // as far as one can know
  if (request.turn->standing != Turn::Standing::returned) return false;
  auto* found = calls.find(id);
  if (found == nullptr) return true;  // it was cancelled meanwhile
  Call& call = **found;
  call.request = std::move(request);
  call.request.turn.reset();
  call.turn.reset();
  window.not_begun(id);
  post_pump();
  return true;
}

// With what waits at the same worker, unless it has begun; of a row in flight, the items that have not.
void Engine::Impl::have_back(Id id, Which which) {
  std::unique_lock lock(mutex);
  const auto* found = calls.find(id);
  if (found == nullptr) return;
  const auto turn = (*found)->turn;
  lock.unlock();
  if (!turn) return;
  turn->only_first = which == Which::all;
  if (turn->give_back) turn->give_back();
  if (turn->only_first && !turn->give_back && turn->items > 1) {  // it waits for a worker
    turn->items = 1;
    turn->on_cut(1);
  }
  if (!turn->is_untouched) return;
  lock.lock();
  window.not_had_back(id, Clock::now());
}

void Engine::Impl::have_all_back() {
  std::unique_lock lock(mutex);
  const auto early = window.early();
  const auto rows = window.rows();
  lock.unlock();
  for (const Id id : early) have_back_to_end(id);
  for (const Id id : rows) have_back(id);
}

// Of one that will not be sent again: that it has been refused may not have been heard yet.
void Engine::Impl::have_back_to_end(Id id) {
  have_back(id);
  const std::lock_guard lock(mutex);
  if (!window.is_early(id)) return;
  const auto& turn = calls.at(id)->turn;
  if (turn && turn->standing == Turn::Standing::returned) window.not_begun(id);
}

}  // namespace lambdapool::pool
