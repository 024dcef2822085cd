// Which call to send next, and when: the pool's decisions without clock, sockets or payloads.
//
// At most `workers` calls are in flight. When the service throttles, the window shrinks, and grows back
// steadily with time: not with completions, since calls may last a quarter of an hour.
//
// Too many calls at a time: those that were not refused are running, and so many is what the service has room
// for. Each refusal makes the window smaller by its own call, and each completion makes room for one of those
// that wait. Too many a second: nothing tells how many would do, so the window shrinks by a third, once for
// all the calls that had been sent before it shrank (a burst is one piece of news, not a hundred).
//
// A throttled call waits, longer each time and by chance, so that calls spread out; while it waits it keeps
// its place in the window, so that a storm does not run through the whole queue.
//
// Beyond the window, calls may be sent before their turn, where the service has them wait right behind one in
// flight: it is worth it for short ones only. They are had back when something could run at once instead, and
// when they have waited for longer than short ones do, so that none is overtaken for long.
//
// A throttled call is given up when for the whole deadline nothing of this pool got through: however many
// there are, each has had an attempt by then, or has one more. While the pool's own calls run or complete,
// the service is merely full of them, and waiting is right.
//
// A call that has not reached the service waits likewise, until nothing of this pool has reached it for the
// network's deadline (see outage.hpp). So does one that may have run, where it may run any number of times
// and nothing has reached the service since it was lost: else the number of its retries counts, so that a
// call that breaks each connection which carries it comes to an end.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "cloud/caller.hpp"
#include "core/id_map.hpp"
#include "pool/outage.hpp"

namespace lambdapool::pool {

class Window {
 public:
  using Id = std::uint64_t;
  using Time = std::chrono::steady_clock::time_point;

  struct Patience {
    std::chrono::milliseconds throttle_deadline{300'000};
    std::chrono::milliseconds network_deadline{120'000};
    int retries = 0;               // how often a call that may have run is sent again
    bool outlasts_outage = false;  // such a call may be sent more often while the service is out of reach
    std::chrono::milliseconds early_for{5};  // a call waits before its turn, unless others could run it
  };

  // `random` gives numbers in [0, 1).
  Window(int workers, Patience patience, std::function<double()> random);

  // `row`: some of it may be had back while it is in flight. `first`: before all that waits.
  void submit(Id id, bool row = false, bool first = false);
  bool cancel(Id id);  // true: it was waiting, and is forgotten; false: in flight, or unknown

  // The call to send now; it counts as in flight from here on. Ask until there is none.
  std::optional<Id> next(Time now);
  // Where next() has none: the call to send before its turn. It is early until it has begun(), and is then in
  // flight, or is not_begun() and goes first again. Refused, nothing is for some time.
  std::optional<Id> next_early(Time now);
  void begun(Id id, Time now);
  void not_begun(Id id);
  void refused_early();
  // One that is early, or a row in flight, to be had back where its worker has not begun it. Ask until there
  // is none.
  std::optional<Id> next_to_have_back(Time now);
  bool is_early(Id id) const { return early_.contains(id); }
  std::vector<Id> early() const { return {early_.begin(), early_.end()}; }
  // Of a row: its worker had not taken it yet, and may still take all of it.
  void not_had_back(Id id, Time now);
  std::vector<Id> rows() const;

  // When next() may have a call without anything else having happened first.
  std::optional<Time> wake_at(Time now);

  // What became of a call in flight. `again`: it waits, and next() returns it later. `give_up`: it is
  // forgotten.
  void completed(Id id, Time now);
  enum class Verdict { again, give_up };
  using Throttle = cloud::Throttle;
  Verdict throttled(Id id, Throttle reason, Time now,
                    std::optional<std::chrono::milliseconds> retry_after = {});
  Verdict not_reached(Id id, Time now);  // the network failed before anything was sent
  enum class Loss { network, service };
  Verdict may_have_run(Id id, Loss loss, Time now);  // no answer, or one that proves nothing

  // Refused for a reason that lies with neither call nor service: next() returns it again first of all.
  void put_back(Id id, Time now);

  // How long nothing has reached the service, when users are to be told.
  std::optional<std::chrono::seconds> outage_to_tell(Time now) { return outage_.to_tell(now); }

  bool is_in_flight(Id id) const { return sent_at(id).has_value(); }
  std::optional<Time> sent_at(Id id) const;  // of one that is in flight
  std::size_t size() const { return calls_.size(); }
  int in_flight() const { return in_flight_; }
  int limit() const { return static_cast<int>(limit_); }

 private:
  enum class State { queued, early, in_flight, waiting };
  struct Call {
    State state = State::queued;
    bool needs_room = false;  // waits because too many were running
    bool is_row = false;
    Time asked_at = {};  // when it was sent early, or as a row, or last asked back
    int throttles = 0;
    int not_reached = 0;
    int lost = 0;
    Time lost_at = {};  // first
    Time sent_at = {};
    Time due_at = {};
    std::uint64_t epoch = 0;
  };

  Id send(Id id, Call& call, Time now);
  void landed(Id id, const Call& call);
  void wait(Id id, Call& call, std::chrono::milliseconds delay, Time now);
  void shrink(const Call& call, Throttle reason, Time now);
  void give_room(Time now);
  void grow(Time now);
  bool is_deadline_over(Time now) const;
  bool could_run_early() const;
  bool could_run_more() const;
  void skip_cancelled();

  const int workers_;
  const Patience patience_;
  const std::function<double()> random_;
  Outage outage_;

  IdMap<Call> calls_;
  std::deque<Id> queue_;  // also holds ids that have been cancelled
  std::multimap<Time, Id> waiting_;
  std::set<Id> early_;
  std::set<std::pair<Time, Id>> rows_;  // in flight, and not had back, by asked_at
  int in_flight_ = 0;
  int refusals_ = 0;  // of early ones, in a row
  int pause_ = 0;     // so many completions
  double limit_;
  Time grown_at_ = {};
  Time paused_until_ = {};
  std::optional<Time> throttled_since_ = {};  // the first of the throttles since something got through
  std::uint64_t epoch_ = 0;                   // how often the window has shrunk
};

std::function<double()> random_source();  // numbers in [0, 1), others in each process

}  // namespace lambdapool::pool
