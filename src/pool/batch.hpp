// What a pool sends next, how much of it, and what it does not send any more: the decisions behind every
// call, map and lazy map of both languages, without I/O, clock or threads.
//
// A job is a number of items that go through one function: the one of a call, all of a map, what has been
// pulled so far of a lazy map. Jobs are served in the order in which they came, as a process pool serves
// them. next() hands out (job, first, count) as one call, under the only number that a call has anywhere in a
// pool; arrived() takes it back, and settle() says for how many of its items there are outcomes: a worker may
// stop before the others, which then go first in another call.
//
// A job is known until each of its items has its outcome; end() gives those that are not sent to the caller,
// who says what became of them.
//
// An outcome may not be the last word: again_later() has an item sent once more. Nor need a call be the only
// one with its items: start_again() makes it a twin, and the first answer of the two counts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory_resource>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "core/error.hpp"
#include "pool/chunking.hpp"

namespace lambdapool::pool {

// Why an item has no value, by what that says of the items behind it.
enum class Fault {
  item,        // the function's own exception, or a value that cannot travel: nothing
  call,        // the platform failed the call: likely the same, at the same price
  every_call,  // no function, no permission, other code: exactly the same
};
Fault fault_of(ErrorKind kind);
// Whether an item that a call failed with this may have run: what befell that call and perhaps no other. Only
// such a failure can be named as one that is not the last word, and only then is there a task to keep.
bool may_have_run(ErrorKind kind);

class Batch {
 public:
  using Job = std::uint64_t;
  using Call = std::uint64_t;  // from 1

  struct JobOptions {
    std::size_t chunksize = 0;      // 0: see Chunking
    Fault ends_with = Fault::call;  // the least fault after which nothing more of the job is sent
    bool lets_go = false;           // what is under way then is not waited for
    bool open = false;              // items are still to come: see extend()
    bool rows = false;              // of the chunksize 1: see Chunking
  };
  struct Chunk {
    Job job;
    Call call;  // 0: of none yet
    std::size_t first;
    std::size_t count;
    std::size_t before = 0;  // items of the call that came before these and had their outcomes early
    bool row = false;        // its items begin one by one, and can be had back until then: see cut()
    bool again = false;      // it goes before what came later: it has been sent before
    Call carrier = 0;        // the call that it travels in: see next_with()
  };
  // What a job's end leaves without an outcome. Where it lets go, the calls under way are forgotten here and
  // their items belong to `given_up`; else arrived() still takes them.
  struct Ended {
    std::vector<Chunk> given_up;
    std::vector<Call> under_way;
  };

  // At most `workers` + `ahead` calls are out. Of a job that finds its own size at most 2 * workers: chunks
  // that are sized long before they run are sized by what was known then.
  Batch(std::size_t workers, std::size_t ahead) : workers_(workers), window_(workers + ahead) {}
  void look_ahead(std::size_t calls) { window_ = workers_ + calls; }  // from now on

  // `job` is a number that is not in use.
  void add(Job job, std::size_t items, const JobOptions& options);
  bool extend(Job job, std::size_t items);  // of an open one; false: it has ended, and will not send them
  void close(Job job);                      // nothing more will be added

  std::optional<Job> turn();    // whose it is to send a call now
  std::optional<Chunk> next();  // that call
  // What comes next travels in a call that is out, and counts as part of it, under a number of its own.
  std::optional<Job> front();     // whose it is, if there is room or not
  Chunk next_with(Call carrier);  // where there is such
  bool is_out(Call call) const { return calls_.contains(call); }
  // It is not out any more, and its twin, which is nobody's then, is forgotten. nullopt: it had been
  // forgotten.
  std::optional<Chunk> arrived(Call call);
  // Of a call that is out, `count` outcomes from its item `first` on (as it was sent) have come ahead of its
  // answer. Those that are new are taken off it as a chunk that has arrived, and is to be settled; `before`
  // it are those that were not. nullopt: nothing is new, or what it has to follow has not come.
  std::optional<Chunk> arrived_early(Call call, std::size_t first, std::size_t count);
  // As arrived(), of a call that brought nothing: where it has a twin, that one's answer is waited for
  // (nullopt).
  std::optional<Chunk> failed_alone(Call call);

  // What items that have not been started become: they go first in another call (nullopt), or, where their
  // job has ended, are given up.
  using Rest = std::optional<Chunk>;
  Rest shorten(Call call, std::size_t count);  // it carries only so many items of its chunk
  // Only so many of a row's items, as it was sent, will run: the others go first in another call, or, where
  // its job has ended, are left by its answer.
  void cut(Call call, std::size_t items);
  // `done` of an arrived chunk's items, from the first on, have their outcomes; the others were never
  // started.
  Rest settle(const Chunk& chunk, std::size_t done);
  // As settle(), with what the worker said about them.
  Rest settle(const Chunk& chunk, std::size_t done, Chunking::Seconds busy, std::size_t bytes);

  // Of a chunk that has arrived, before settle() takes it as done: this item's outcome does not count, and it
  // waits to be sent alone. False: its job has ended, so it does.
  bool again_later(Job job, std::size_t item);
  void due(Job job, std::size_t item);  // it has waited

  // At most so many of this job's items are under way at once: sent, and not settled.
  void allow(Job job, std::size_t items);
  // Whether it waits for more than allow(0) gives, with nothing under way that could change that.
  bool is_held(Job job) const;

  // A call that is out gets a twin: another with the same items.
  void start_again(Call call);
  bool has_had_twin(Call call) const { return doubled_.contains(call); }
  std::optional<Call> twin_of(Call call) const;
  std::optional<Job> was_too_late(Call call) const;  // whose it was; until arrived()

  // Something of this job failed. Ends the job where its options say so.
  std::optional<Ended> failed(Job job, Fault fault);
  Ended end(Job job, bool lets_go);

  std::size_t calls_out() const { return calls_.size(); }
  bool has_unsent(Job job) const;
  bool sends_rest(Job job) const;                  // of rows, though it has failed
  std::vector<Call> under_way(Job job) const;      // in the order of sending
  std::optional<Chunk> chunk_of(Call call) const;  // of one that is out
  struct Standing {
    std::size_t items;    // so far, where it is open
    std::size_t settled;  // of them
    std::size_t out;      // in calls
  };
  std::optional<Standing> standing(Job job) const;           // nullopt: all have their outcomes
  bool knows(Job job) const { return jobs_.contains(job); }  // some of its items have no outcome yet

 private:
  struct Range {
    std::size_t first;
    std::size_t count;
    bool again = false;
  };
  struct Record {
    JobOptions options;
    Chunking chunking;
    std::size_t items;
    std::uint64_t order;                    // in which they came
    std::size_t unsent = 0;                 // items from here on have never been sent
    std::vector<Range> again = {};          // sent before, and without an outcome; the last goes first
    std::vector<std::size_t> waiting = {};  // to be sent again, but not yet
    std::vector<Call> doubled = {};         // whose twins are to be sent
    std::size_t out = 0;  // items in calls, and in those that have arrived until they are settled
    std::size_t allowed = static_cast<std::size_t>(-1);
    std::size_t settled = 0;   // outcomes
    std::size_t repeated = 0;  // of those, how many do not count
    bool queued = true;
    bool ended = false;
    bool sends_rest = false;  // of rows, though it has ended: it has failed

    // Items of a row that have not begun. As calls of their own they would have been under way when it
    // failed.
    bool sends_again() const { return !ended || sends_rest; }
    bool has_more() const { return !doubled.empty() || !again.empty() || unsent < items; }
    bool may_send() const { return has_more() && out < allowed; }
    bool is_done() const { return !options.open && settled == items + repeated; }
  };

  Chunk send(Job job, Call carrier);
  Range take(Record& record);
  Chunk sent(Job job, Record& record, Range range, Call carrier);
  Rest leave(Call call, Chunk& chunk, std::size_t count);
  void take_off(Chunk& chunk, std::size_t count);
  void unlink(Call call);
  std::optional<Chunk> forget(Call call);
  void come_back(Job job, Record& record, std::size_t items);
  Rest put_back(Job job, Record& record, Range range);
  void queue(Job job, Record& record);
  void forget_if_done(Job job, const Record& record);
  Ended end(Job job, Record& record, bool lets_go, bool sends_rest);

  const std::size_t workers_;
  std::size_t window_;
  std::unordered_map<Job, Record> jobs_;
  std::deque<Job> queue_;                          // also holds jobs that have nothing to send any more
  std::pmr::unsynchronized_pool_resource memory_;  // of what comes and goes with each call
  std::pmr::unordered_map<Call, Chunk> calls_{&memory_};
  std::size_t carried_ = 0;                 // of these, how many have a carrier
  std::unordered_map<Call, Call> twins_;    // each way
  std::unordered_set<Call> doubled_;        // that are out, and have or had a twin
  std::unordered_map<Call, Job> too_late_;  // whose twin was first
  Call last_call_ = 0;
  std::uint64_t last_order_ = 0;
};

}  // namespace lambdapool::pool
