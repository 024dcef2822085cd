// One worker's life as decisions alone: what has happened in, what is to be done out. No process, pipe, timer
// or clock; whoever owns those tells and obeys (worker.cpp).
//
//   starting ──ready──► idle ──invoked──► busy ──answered──► returning ──ready──► idle ...
//
// From each of them a worker goes to `dying` (killed, its end not yet seen) and to `dead`. An init that takes
// too long is killed and started again, once, on the time of the invocation that it is for, as Lambda does
// it.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "local/worker/invocation_error.hpp"

namespace lambdapool::local {

class Life {
 public:
  using Clock = std::chrono::steady_clock;
  using Time = Clock::time_point;

  enum class State {
    starting,   // its process was asked for, or initialises
    failing,    // its init failed, as the runtime reported: it is to end by itself
    idle,       // it waits for an invocation
    busy,       // it has one
    returning,  // it has answered, and not yet asked for the next
    dying,      // it was killed
    dead,
  };

  // What is to be done, in this order.
  enum class Do {
    launch,      // start its process, for the first time or, once the last one is cleared away, again
    kill,        // its process; exited() follows
    offer,       // it is idle: give it an invocation
    answer,      // what the runtime sent is the answer to the invocation
    fail,        // the invocation fails with verdict()
    fail_start,  // it never was ready, for verdict()
    end,         // clear away what is left; the last one
  };
  using Deeds = std::vector<Do>;

  struct Limits {
    std::chrono::milliseconds init;
    std::chrono::milliseconds invocation;
  };
  enum class Memory { within, exceeded };
  struct Exit {
    int wait_status = 0;
    bool out_of_memory = false;  // the kernel killed it for its memory
    std::string reported = {};   // the type of error that it said it would end with; "": none
  };

  explicit Life(Limits limits) : limits_(limits) {}

  Deeds launch(Time now);  // the first event
  void started(Time now);  // its process runs: from here on it is the function's time
  Deeds ready(Time now);   // it asks for an invocation
  void invoked(Time now);  // it was given one; while idle
  Deeds answered(Time now, Memory memory);
  void init_failed(Time now, InvocationError reported);
  Deeds over_memory(Time now);
  Deeds failed(Time now, InvocationError why);  // something that it cannot go on without: an extension
  Deeds due(Time now);                          // at deadline() or later; earlier nothing comes of it
  Deeds exiting(Time now, const Exit& exit);    // its runtime has exited; what belongs to it has not yet
  Deeds exited(Time now, const Exit& exit);
  Deeds lost(Time now, const std::string& why);  // with the process that had started it
  Deeds not_started(InvocationError why);        // there never was a process
  Deeds stop(Time now);                          // nobody wants it any more
  Deeds abandon();                               // the service ends; nothing else will be done

  State state() const { return state_; }
  std::optional<Time> deadline() const { return deadline_; }  // when due() is to be called
  const InvocationError& verdict() const { return *verdict_; }
  bool has_verdict() const { return verdict_.has_value(); }

  // Whether it takes an invocation without being asked, or says that it cannot.
  bool is_coming() const;
  // An invocation was under way when it died.
  bool crashed() const { return state_ == State::dead && owed_ == Owed::answer; }
  // Started again, within the time of the first invocation.
  bool restarted() const { return restarted_; }
  Time begun() const { return begun_; }  // its invocation
  Time idle_since() const { return idle_since_; }
  Time launched() const { return launched_; }

 private:
  // Who waits for a worker that is dying: what it was when it was killed.
  enum class Owed { nothing, start, answer };

  Deeds die(Time now, std::optional<InvocationError> verdict);
  Deeds end(InvocationError verdict);
  Owed owed() const;

  const Limits limits_;
  State state_ = State::starting;
  Owed owed_ = Owed::nothing;  // of dying and dead
  bool start_again_ = false;   // of dying
  bool restarted_ = false;
  std::optional<InvocationError> verdict_;
  std::optional<Time> deadline_;
  Time launched_{}, begun_{}, idle_since_{};
};

}  // namespace lambdapool::local
