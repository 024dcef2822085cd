// One worker: serves one invocation at a time, in a process of its own. What is to happen is Life's to
// decide; here it is carried out.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/part_frames.hpp"
#include "http/event_loop.hpp"
#include "local/worker/extension_api.hpp"
#include "local/worker/invocation.hpp"
#include "local/worker/life.hpp"
#include "local/worker/platform_log.hpp"
#include "local/worker/resident_memory.hpp"
#include "local/worker/runtime_api.hpp"
#include "local/worker/worker_process.hpp"

namespace lambdapool::local {

struct PendingInvocation {
  Invocation invocation;
  std::function<void(InvocationResult)> done;
  int lost_starts = 0;    // workers for it that our own machinery lost before they were ready
  std::size_t items = 0;  // of a row: that may begin
};

std::int64_t now_ms();  // by the wall clock
std::string trace_id(const std::string& request_id, std::int64_t now_ms);

class Worker : public std::enable_shared_from_this<Worker> {
 public:
  using Clock = Life::Clock;

  struct Events {
    std::function<void(Worker&)> idle;
    std::function<void(Worker&, const InvocationError&)> start_failed;  // before it ever was idle
    std::function<void(Worker&)> ended;                                 // the last event, and always
  };

  Worker(WorkerProcess::Parts parts, const LogSink& log, WorkerProcess::Setting setting,
         std::chrono::milliseconds init_limit, Events events);
  ~Worker();

  void start();
  void begin(PendingInvocation invocation);  // while idle
  // One that waits in the runtime's socket behind the present one. False: it is left to the caller.
  bool takes_early(const void* caller) const;
  bool take_early(PendingInvocation&& invocation);
  std::size_t early() const { return early_.size(); }
  void give_back_early();  // what the runtime has not taken yet, items of a row too
  void stop();             // kills it; `ended` follows. An invocation under way fails.
  void abandon();          // the service ends: no more events; a waiting caller is told

  bool is_coming() const { return life_.is_coming(); }
  bool is_idle() const { return life_.state() == Life::State::idle; }
  bool crashed() const { return life_.crashed(); }
  Clock::time_point idle_since() const { return life_.idle_since(); }
  Clock::time_point launched() const { return life_.launched(); }
  bool has_worked() const { return life_.begun() != Clock::time_point{}; }
  const WorkerSlot& slot() const { return setting_.slot; }
  InvocationResult result_of_failure(const Invocation& invocation, const InvocationError& failure);

 private:
  struct Answer {
    RuntimeApi::Kind kind;
    std::string body;
  };

  enum class Delivered { now, early };
  void begin(PendingInvocation pending, Delivered delivered);
  void heed_turn(const Invocation& invocation);
  void row_begun();
  void end_rows();
  std::size_t let_items_begin(const http::Turn& row, const std::string& id);
  void cut_rows(const std::vector<std::string>& tokens);
  void settle_early();
  void fail_early();
  void offer();
  void carry_out(const Life::Deeds& deeds);
  void carry_out(Life::Do deed);
  void launch();
  void kill();
  void answer();
  void end();
  InvocationResult result_of(std::string payload, const InvocationError* failure, bool function_error);
  void complete(std::string payload, const InvocationError* failure, bool function_error);
  template <class Say>
  void hear(const Say& runtime_says);

  WorkerProcess::Events process_events();
  ExtensionApi::Events extension_events();
  void on_ready();
  void on_extension_failed(const std::string& name, InvocationError why);
  void on_answered(RuntimeApi::Kind kind, std::string body);
  void on_init_failed(std::string type, std::string body);
  void on_imported(std::string_view names);
  void on_started(pid_t pid);
  void on_exited(const WorkerProcess::Exit& exit);
  Life::Exit as_life_sees(const WorkerProcess::Exit& exit);
  void on_lost(const std::string& why);

  void look_for_parts();
  void look_for_parts_later();
  void on_output(std::string_view lines);
  void arm_timer();
  void note_peak();
  void watch_memory();
  void watch_memory_later();
  bool over_limit(std::uint64_t resident) const;
  int used_mb(const InvocationError* failure) const;
  void write_log(std::string_view lines, std::int64_t at_ms) const;

  const WorkerProcess::Parts parts_;
  const WorkerProcess::Setting setting_;
  const LogSink& log_;
  Events events_;
  Life life_;
  RuntimeApi api_;
  std::unique_ptr<ExtensionApi> extensions_;  // of process_
  std::shared_ptr<WorkerProcess> process_;

  std::optional<PendingInvocation> invocation_;
  std::deque<PendingInvocation> early_;               // sent to the runtime, which takes them in this order
  const void* caller_ = nullptr;                      // of the present invocation, or the last
  std::shared_ptr<http::Turn> row_;                   // the present invocation, where it is one
  bool is_quick_ = false;                             // the last one was
  bool log_read_ = false;                             // all that the one that is answered has written
  std::optional<Answer> answer_;                      // what the runtime sent
  std::function<void(std::string_view)> take_parts_;  // of the invocation's caller; null: nobody wants them
  std::unique_ptr<http::EventLoop::Timer> parts_timer_;
  std::function<void(std::string_view)> take_output_;  // likewise
  OutputFrames output_frames_;                         // of the invocation
  struct Completed {
    std::function<void(InvocationResult)> done;
    InvocationResult result;
  };
  bool hearing_ = false;
  std::optional<Completed> to_tell_;  // once all that the runtime says has been heard
  Clock::time_point begun_{};         // the invocation
  std::string log_before_start_;
  std::string output_before_start_;  // what of that the function wrote
  std::int64_t launched_ms_ = 0;     // by the wall clock
  std::int64_t started_ms_ = 0;      // the invocation, as its log has it
  std::optional<double> init_ms_;

  std::unique_ptr<PeakMemory> peak_;
  pid_t pid_ = -1;
  std::uint64_t peak_bytes_ = 0;
  Clock::time_point peak_noted_{};
  std::unique_ptr<http::EventLoop::Timer> memory_timer_;

  std::unique_ptr<http::EventLoop::Timer> timer_;
  Clock::time_point timer_at_{};
};

}  // namespace lambdapool::local
