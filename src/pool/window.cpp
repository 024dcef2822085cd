#include "pool/window.hpp"

#include <algorithm>
#include <random>

#include "core/error.hpp"
#include "core/retry.hpp"

namespace lambdapool::pool {
namespace {

using Seconds = std::chrono::duration<double>;

constexpr double shrink_to = 0.7;
constexpr double growth_per_second = 0.05;  // of `workers`, and at least one call
// The service may ask for a longer wait than ours, but not for any: as in the SDKs.
constexpr std::chrono::seconds retry_after_slack{5};
// A throttle is answered at once; a call that is out for longer than this is running.
constexpr std::chrono::seconds surely_running{10};
constexpr int early_of_each = 3;  // worker
// Before this its worker has it sooner than another would.
constexpr std::chrono::microseconds early_at_least{500};
constexpr int refusals_max = 6;

}  // namespace

Window::Window(int workers, Patience patience, std::function<double()> random)
    : workers_(std::max(workers, 1)),
      patience_(patience),
      random_(std::move(random)),
      outage_(patience.network_deadline),
      limit_(workers_) {}

void Window::submit(Id id, bool row, bool first) {
  if (calls_.empty()) throttled_since_.reset();
  calls_.emplace(id, Call{.is_row = row});
  first ? queue_.push_front(id) : queue_.push_back(id);
}

std::optional<Window::Time> Window::sent_at(Id id) const {
  const auto* call = calls_.find(id);
  if (call == nullptr || call->state != State::in_flight) return std::nullopt;
  return call->sent_at;
}

bool Window::cancel(Id id) {
  const auto* call = calls_.find(id);
  if (call == nullptr || call->state == State::in_flight || early_.contains(id)) return false;
  if (call->state == State::waiting) {
    auto [first, last] = waiting_.equal_range(call->due_at);
    waiting_.erase(std::find_if(first, last, [&](const auto& entry) { return entry.second == id; }));
  }
  calls_.erase(id);
  return true;
}

std::optional<Window::Id> Window::next(Time now) {
  grow(now);
  if (in_flight_ >= limit()) return {};
  if (!waiting_.empty() && waiting_.begin()->first <= now) {
    Id id = waiting_.begin()->second;
    waiting_.erase(waiting_.begin());
    return send(id, calls_.at(id), now);
  }
  if (now < paused_until_ || in_flight_ + static_cast<int>(waiting_.size()) >= limit()) return {};
  skip_cancelled();
  if (queue_.empty()) return {};
  Id id = queue_.front();
  queue_.pop_front();
  return send(id, calls_.at(id), now);
}

std::optional<Window::Id> Window::next_early(Time now) {
  skip_cancelled();
  const auto room = static_cast<std::size_t>(workers_) * early_of_each;
  if (pause_ > 0 || limit() < workers_ || in_flight_ < workers_ || queue_.empty() || !waiting_.empty() ||
      now < paused_until_ || early_.size() >= room)
    return {};
  const Id id = queue_.front();
  queue_.pop_front();
  early_.insert(id);
  Call& call = calls_.at(id);
  call.state = State::early;
  call.asked_at = now;
  return id;
}

void Window::begun(Id id, Time now) {
  if (early_.erase(id) == 0) return;
  refusals_ = 0;
  send(id, calls_.at(id), now);
}

void Window::not_begun(Id id) {
  if (early_.erase(id) == 0) return;
  calls_.at(id).state = State::queued;
  queue_.push_front(id);
}

std::vector<Window::Id> Window::rows() const {
  std::vector<Id> ids;
  for (const auto& [since, id] : rows_) ids.push_back(id);
  return ids;
}

void Window::refused_early() { pause_ = 1 << std::min(refusals_++, refusals_max); }

std::optional<Window::Id> Window::next_to_have_back(Time now) {
  if (early_.empty() && rows_.empty()) return {};
  skip_cancelled();
  if (!early_.empty()) {
    const Id id = *early_.begin();
    Call& call = calls_.at(id);
    if (now >= call.asked_at + (could_run_early() ? early_at_least : patience_.early_for)) {
      call.asked_at = now;
      return id;
    }
  }
  if (rows_.empty()) return {};
  const auto [since, id] = *rows_.begin();
  if (now < since + (could_run_more() ? early_at_least : patience_.early_for)) return {};
  rows_.erase(rows_.begin());
  return id;
}

void Window::not_had_back(Id id, Time now) {
  auto* call = calls_.find(id);
  if (call == nullptr || call->state != State::in_flight) return;
  rows_.erase({call->asked_at, id});
  call->asked_at = now + patience_.early_for;  // not all the time, while it waits for a worker
  rows_.emplace(call->asked_at, id);
}

bool Window::could_run_more() const { return in_flight_ < limit() && queue_.empty(); }
bool Window::could_run_early() const { return !early_.empty() && could_run_more(); }

std::optional<Window::Time> Window::wake_at(Time now) {
  grow(now);
  skip_cancelled();
  std::optional<Time> wake;
  auto consider = [&](Time time) { wake = wake ? std::min(*wake, time) : time; };
  if (const auto tell_at = outage_.tell_at(); tell_at && *tell_at > now) consider(*tell_at);
  bool full = in_flight_ >= limit();
  if (could_run_early()) consider(calls_.at(*early_.begin()).asked_at + early_at_least);
  if (!rows_.empty() && could_run_more()) consider(rows_.begin()->first + early_at_least);
  if (!full && !waiting_.empty()) consider(waiting_.begin()->first);
  if (!full && !queue_.empty() && now < paused_until_) consider(paused_until_);
  if (limit() < workers_ && !(queue_.empty() && waiting_.empty())) {
    double rate = std::max(1.0, workers_ * growth_per_second);
    Seconds until_one_more((limit() + 1 - limit_) / rate);
    consider(now + std::chrono::ceil<std::chrono::milliseconds>(until_one_more));
  }
  return wake;
}

void Window::completed(Id id, Time now) {
  const auto call = calls_.extract(id);
  if (!call) return;  // given up before
  landed(id, *call);
  if (pause_ > 0) --pause_;
  throttled_since_.reset();
  outage_.ended();
  give_room(now);
}

// The next call that waits for another to end need not wait for its time.
void Window::give_room(Time now) {
  const auto next =
      std::ranges::find_if(waiting_, [&](const auto& entry) { return calls_.at(entry.second).needs_room; });
  if (next == waiting_.end() || next->first <= now) return;
  const Id id = next->second;
  waiting_.erase(next);
  calls_.at(id).due_at = now;
  waiting_.emplace(now, id);
}

Window::Verdict Window::throttled(Id id, Throttle reason, Time now,
                                  std::optional<std::chrono::milliseconds> retry_after) {
  Call& call = calls_.at(id);
  landed(id, call);
  outage_.ended();
  if (!throttled_since_) throttled_since_ = now;
  if (is_deadline_over(now)) {
    calls_.erase(id);
    limit_ = workers_;  // the others have one attempt left each, which need not be one at a time
    return Verdict::give_up;
  }
  shrink(call, reason, now);
  call.needs_room = reason == Throttle::concurrency;
  auto delay = retry::throttled_invoke_delay(++call.throttles, random_());
  if (retry_after) delay = std::clamp(*retry_after, delay, delay + retry_after_slack);
  if (reason == Throttle::rate) paused_until_ = std::max(paused_until_, now + delay);
  wait(id, call, delay, now);
  return Verdict::again;
}

Window::Verdict Window::not_reached(Id id, Time now) {
  Call& call = calls_.at(id);
  landed(id, call);
  outage_.failed(call.sent_at);
  if (outage_.is_over_deadline(now)) {
    calls_.erase(id);
    return Verdict::give_up;
  }
  wait(id, call, outage_.within(retry::throttled_invoke_delay(++call.not_reached, random_()), now), now);
  return Verdict::again;
}

Window::Verdict Window::may_have_run(Id id, Loss loss, Time now) {
  Call& call = calls_.at(id);
  landed(id, call);
  if (call.lost++ == 0) call.lost_at = now;
  if (loss == Loss::network) {
    outage_.failed(now);
  } else {
    outage_.ended();
  }
  const bool is_outage =
      patience_.outlasts_outage && outage_.has_lasted_since(call.lost_at) && !outage_.is_over_deadline(now);
  if (call.lost > patience_.retries && !is_outage) {
    calls_.erase(id);
    return Verdict::give_up;
  }
  wait(id, call, retry::throttled_invoke_delay(call.lost, random_()), now);
  return Verdict::again;
}

void Window::put_back(Id id, Time now) {
  landed(id, calls_.at(id));
  outage_.ended();
  wait(id, calls_.at(id), {}, now);
}

void Window::landed(Id id, const Call& call) {
  --in_flight_;
  if (call.is_row) rows_.erase({call.asked_at, id});
}

Window::Id Window::send(Id id, Call& call, Time now) {
  call.state = State::in_flight;
  call.needs_room = false;
  call.sent_at = now;
  call.epoch = epoch_;
  ++in_flight_;
  if (!call.is_row) return id;
  call.asked_at = now;
  rows_.emplace(now, id);
  return id;
}

void Window::wait(Id id, Call& call, std::chrono::milliseconds delay, Time now) {
  call.state = State::waiting;
  call.due_at = now + delay;
  waiting_.emplace(call.due_at, id);
}

void Window::shrink(const Call& call, Throttle reason, Time now) {
  if (reason == Throttle::concurrency) {
    limit_ = std::max(1.0, std::min(limit_, static_cast<double>(in_flight_)));
    grown_at_ = now;
    return;
  }
  if (call.epoch != epoch_) return;
  ++epoch_;
  limit_ = std::max(1.0, std::min(limit_, in_flight_ + 1.0) * shrink_to);
  grown_at_ = now;
}

void Window::grow(Time now) {
  if (limit_ >= workers_) return;
  double rate = std::max(1.0, workers_ * growth_per_second);
  limit_ = std::min<double>(workers_, limit_ + rate * Seconds(now - grown_at_).count());
  grown_at_ = now;
}

bool Window::is_deadline_over(Time now) const {
  if (now - *throttled_since_ < patience_.throttle_deadline) return false;
  bool any_runs = false;
  calls_.for_each([&](Id, const Call& call) {
    any_runs |= call.state == State::in_flight && now - call.sent_at > surely_running;
  });
  return !any_runs;
}

void Window::skip_cancelled() {
  while (!queue_.empty() && !calls_.contains(queue_.front())) queue_.pop_front();
}

std::function<double()> random_source() {
  std::random_device seed;
  return [engine = std::minstd_rand(seed())]() mutable {
    return std::uniform_real_distribution<double>(0, 1)(engine);
  };
}

}  // namespace lambdapool::pool
