// The engine and the batch behind one pool or executor, as the Python package sees them: which items are to
// be sent, bytes in, and batches of outcomes out. The GIL is held only to convert them. No lock is held while
// it is wanted, nor while Python's objects are made, which may run anybody's destructors. What the bytes mean
// is the package's business. _native.pyi documents the methods.
#pragma once

#include <nanobind/nanobind.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "aws/lambda/invoke.hpp"
#include "core/echo.hpp"
#include "core/envelope.hpp"
#include "engine_queue.hpp"
#include "objects/result_places.hpp"
#include "objects/store.hpp"
#include "opening.hpp"
#include "pool/batch.hpp"
#include "pool/early_parts.hpp"
#include "pool/handovers.hpp"
#include "pool/live_output.hpp"
#include "pool/log_tails.hpp"
#include "pool/stragglers.hpp"
#include "pool/task_rows.hpp"
#include "report/accounts.hpp"
#include "report/budget.hpp"
#include "report/tariff.hpp"

namespace lambdapool::python {

namespace nb = nanobind;

class Engine {
 public:
  using Batch = pool::Batch;

  explicit Engine(Settings settings);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // None, or the error's tuple: the package raises its own exceptions.
  nb::object open();

  std::shared_ptr<report::Account> add(Batch::Job job, std::size_t items, std::size_t chunksize, bool lets_go,
                                       bool open, bool rows, bool patient, std::optional<double> max_cost,
                                       bool rerun_stragglers);
  bool extend(Batch::Job job, std::size_t items);
  void close_job(Batch::Job job);
  std::shared_ptr<report::Account> add_task(Batch::Job job, const nb::bytes& function,
                                            const nb::bytes& arguments, std::string name, bool waits,
                                            bool may_share);
  // Where it is not `known`, workers refuse each call to tell it: then none waits behind theirs.
  void set_code(std::string code, bool known);
  bool take_back(Batch::Job job);
  bool is_running(Batch::Job job);
  nb::object wait_for(Batch::Job job);
  nb::object next();
  nb::object shorten(Batch::Call call, std::size_t count);
  void send(Batch::Call call, const nb::bytes& function, const nb::bytes& arguments, std::string_view code,
            std::string_view members);
  nb::object drop(Batch::Call call);
  nb::list wait(std::optional<double> timeout);
  nb::object settle(Batch::Job job, std::size_t first, std::size_t count, std::size_t done,
                    std::optional<double> seconds, std::size_t bytes, std::size_t before);
  void row_over(Batch::Call call, std::size_t done, std::optional<double> seconds, std::size_t bytes,
                std::size_t again);
  bool again(Batch::Job job, std::size_t first, std::size_t item, double seconds, bool out_of_memory);
  void send_to(Batch::Call call, std::string variant);
  void name_call(Batch::Call call, std::string name);
  nb::object output();
  void wait_until_printed(double seconds);
  nb::tuple billed(Batch::Job job, std::size_t first);
  nb::object over_budget(Batch::Job job);
  nb::list failed(Batch::Job job);
  nb::list end(Batch::Job job, bool lets_go);

  // Data that is stored beside the calls. None, or the error's tuple; put(): (name of the file, SHA-256 in
  // hex where it is to be `hashed`, error).
  nb::tuple put(const std::string& name, const nb::object& bytes, bool hashed);
  nb::object get(Batch::Call call, std::uint64_t offset, const nb::object& into);
  nb::object fetch(const std::string& name, const nb::object& into);
  void remove(const std::string& name);
  void remove_result(Batch::Call call);
  std::string url(const std::string& name);
  bool has_store() const { return store_ != nullptr; }
  std::string bucket() const { return store_ ? store_->bucket() : ""; }

  nb::object log_of(Batch::Call call) const;
  nb::object logs_of(Batch::Job job, std::size_t calls) const;
  void forget_log(Batch::Call call);

  nb::tuple report(const report::Account* of) const;
  nb::tuple standing(Batch::Job job, const report::Account* account);

  nb::list warnings();
  void release(Batch::Job job) { queue_->release(job); }
  void wake() { queue_->wake(); }
  void terminate();
  void close();
  const std::string& target() const { return target_; }
  std::uint64_t batches() const { return queue_->batches(); }

 private:
  std::size_t with_workers(std::size_t items, std::size_t calls) const;
  nb::object fetch_from(const std::string& name, std::uint64_t offset, const nb::object& into);

  struct Arrival {
    Batch::Call call;
    std::optional<Batch::Chunk> chunk;
    Result<envelope::Envelope> outcome;
    std::size_t begun;
    bool early;
    std::vector<Batch::Job> row;
  };

  struct Task {
    std::string body;
    std::string name;
    std::size_t function_bytes = 0;  // of the body, where it may share a call with others to that function

    std::string_view function() const { return std::string_view(body).substr(0, function_bytes); }
    std::string_view arguments() const { return std::string_view(body).substr(function_bytes); }
  };
  // A call that has been handed out, as it is to be sent.
  struct Outgoing {
    Batch::Call call;
    std::optional<Batch::Chunk> chunk;  // none: its job ended in between
    std::string variant;
    std::string name;
    std::size_t items;  // which begin one by one, where they are several
  };

  bool forked() const;
  void refuse_forked() const;
  std::shared_ptr<pool::Engine> engine_or_null();
  std::shared_ptr<pool::Engine> running();
  std::vector<Batch::Call> send_tasks();
  std::size_t share_call(const Batch::Chunk& first, Task& task);
  Outgoing outgoing(Batch::Call call);
  bool end_unsent(Batch::Job job);
  bool send_bytes(pool::Engine& engine, Outgoing outgoing, std::string_view function,
                  std::string_view arguments, std::string_view code, std::string_view given);
  std::string members_of(Batch::Call call, std::string_view given, std::string_view parts);
  std::shared_ptr<objects::Store> running_store();
  objects::ResultPlaces& running_places();
  void arrived(Batch::Call call, Result<aws::Invoked> answer, const pool::EarlyParts* early);
  void arrived_early(Batch::Call call, pool::EarlyPart part);
  void cut(Batch::Call call, std::size_t items);
  void row_arrived(std::unique_lock<std::mutex> lock, Batch::Call call, Result<aws::Invoked> answer,
                   const pool::EarlyParts* early);
  enum class Company { wanted, none };
  void send_again(pool::TaskRows::Row row, Company company);
  void send_on();
  bool recall_row(pool::Engine& engine, Batch::Call call);
  Batch::Call carrier_of(Batch::Call call) const;
  std::optional<report::Call> settled(const Batch::Chunk& chunk, std::size_t done, double seconds);
  void look_for_stragglers(Batch::Job job);
  std::optional<report::Call> left_to_its_twin(Batch::Call call);
  void charge(const report::Call& call);
  void observe(Batch::Call call, const report::CallTimes& times, const ErrorKind* failure);
  Arrival read(Completion& completion);
  void leave_place(Batch::Call call, bool answered, const Result<envelope::Envelope>& outcome);
  static nb::tuple told(Arrival& arrival);
  Batch::Rest to_tell(Batch::Rest rest);
  bool cancel(const std::vector<Batch::Call>& calls);
  bool cancel_without_gil(const std::vector<Batch::Call>& calls);
  void shut_down();

  Settings settings_;
  unsigned forks_;  // of this process before it was made
  std::mutex mutex_;
  std::shared_ptr<pool::Engine> engine_;
  bool has_rows_ = false;                          // set once, by open(): the service is in this process
  std::shared_ptr<objects::Store> store_;          // set once, by open()
  std::unique_ptr<objects::ResultPlaces> places_;  // in the store; null where there is none
  std::shared_ptr<EngineQueue> queue_ = std::make_shared<EngineQueue>();
  Echoes echoes_;
  std::string target_;
  report::Tariff tariff_;  // set once, by open()
  report::Accounts accounts_;
  struct Place {
    Batch::Job job;
    std::size_t first;
    bool operator==(const Place&) const = default;
  };
  struct HashOfPlace {
    std::size_t operator()(const Place& place) const { return place.job * 0x9E3779B97F4A7C15u ^ place.first; }
  };
  std::mutex batch_mutex_;
  std::pmr::unsynchronized_pool_resource memory_;  // under that, as what follows
  std::pmr::unordered_map<Place, report::Call, HashOfPlace> unsettled_{&memory_};
  Batch batch_;
  pool::Handovers handovers_;
  std::unordered_set<Batch::Call> to_send_;  // that next() has handed out: until Python sends them
  std::unordered_map<Batch::Job, report::Budget> budgets_;
  std::unordered_map<Batch::Call, std::string> variants_;  // of calls that are about to be sent
  std::unordered_map<Batch::Call, std::string> names_;     // likewise
  const std::shared_ptr<pool::LiveOutput> output_;         // null: not wanted
  pool::Stragglers stragglers_;
  std::unordered_map<Batch::Job, Task> tasks_;  // that wait for their turn
  pool::TaskRows rows_;
  std::optional<Batch::Job> wanted_back_;     // by take_back(), of which there is one at a time
  bool knows_code_ = false;                   // else Python sends them
  std::atomic<bool> is_same_python_ = false;  // as the workers have: else code by value ends a call
  std::shared_ptr<const std::string> code_ = std::make_shared<const std::string>();  // of their envelopes
  std::unordered_map<Batch::Job, std::vector<Batch::Chunk>> given_up_;               // until Python asks
  mutable std::mutex log_mutex_;
  pool::LogTails log_tails_;
};

}  // namespace lambdapool::python
