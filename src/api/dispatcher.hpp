// Between the jobs of one pool and its engine: what pool::Batch decides is sent, and what comes back goes to
// the job that it belongs to. Answers arrive on the engine's thread, which sends what they make room for.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "api/books.hpp"
#include "api/logs.hpp"
#include "api/transport.hpp"
#include "lambdapool/detail/connection.hpp"
#include "pool/batch.hpp"
#include "pool/handovers.hpp"
#include "pool/stragglers.hpp"
#include "report/budget.hpp"

namespace lambdapool::api {

class Job;
class Keeper;
class RunRecorder;

class Dispatcher : public std::enable_shared_from_this<Dispatcher> {
 public:
  explicit Dispatcher(std::shared_ptr<Transport> transport,
                      std::shared_ptr<Books> books = std::make_shared<Books>(),
                      std::shared_ptr<Keeper> keeper = nullptr);

  struct JobOptions {
    std::size_t chunksize = 0;  // 0: chosen while running
    detail::OnFailure on_failure = detail::OnFailure::stop;
    Retry retry = {};
    std::optional<double> max_cost = {};
    bool rerun_stragglers = false;
    std::shared_ptr<RunRecorder> recorder = nullptr;  // of a named run
    std::string keep_failed = {};                     // a folder; "": nothing is kept
    std::size_t variant = 0;                          // of the function, for all of it: see Transport::submit
  };
  std::shared_ptr<Job> start(std::string head, std::vector<std::string> items, JobOptions options);

  // Whoever holds this job's results wants nothing more of it. True: something of it had not been sent, and
  // will not be.
  enum class UnderWay { let_go, awaited };
  bool withdraw(pool::Batch::Job job, UnderWay under_way);

  // Of a transport that has been closed: what waits to be sent again would wait for ever.
  void give_up_all();

  // What of a job is known here: its items in calls, and how often calls of all jobs were sent again.
  struct Standing {
    std::size_t items_out = 0;
    report::Retries retries = {};
  };
  Standing standing(pool::Batch::Job job);

  void wait_until_idle();  // until no job is left

 private:
  using Chunk = pool::Batch::Chunk;
  using Again = std::vector<std::pair<std::size_t, std::chrono::milliseconds>>;  // Job::Told's

  void send();
  void send_chunk(const std::shared_ptr<Job>& job, Chunk chunk);
  void arrived(pool::Batch::Call call, Result<Reply> reply, const Ahead* ahead);
  void arrived_early(pool::Batch::Call call, pool::EarlyPart part);
  bool end(Job& job, const pool::Batch::Ended& ended);
  std::optional<pool::Batch::Ended> end_for_money(pool::Batch::Job number,
                                                  const std::optional<report::Call>& call, Job& job);
  std::optional<Chunk> take(pool::Batch::Call call, bool is_answered);
  std::vector<std::size_t> wait_again(pool::Batch::Job job, const Again& again);
  void send_again(pool::Batch::Job job, const Again& again);
  void look_for_stragglers(pool::Batch::Job job);
  void due(pool::Batch::Job job, std::size_t item);
  void forget_if_done(pool::Batch::Job number);

  const std::shared_ptr<Transport> transport_;
  const std::shared_ptr<Books> books_;
  const std::shared_ptr<Keeper> keeper_;
  const Shown shown_;
  const std::shared_ptr<Logs> logs_ = std::make_shared<Logs>();
  std::mutex mutex_;  // not held while the transport or a job is called
  std::condition_variable idle_;
  pool::Batch batch_;
  pool::Handovers handovers_;
  std::unordered_map<pool::Batch::Job, std::shared_ptr<Job>> jobs_;
  std::unordered_map<pool::Batch::Job, report::Budget> budgets_;
  pool::Stragglers stragglers_;
  pool::Batch::Job last_job_ = 0;
  bool sending_ = false;
};

}  // namespace lambdapool::api
