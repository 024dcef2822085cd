// The items of one call or map: as messages on their way out, and as answers once they are back. What is sent
// when is the dispatcher's business.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "api/books.hpp"
#include "api/dispatcher.hpp"
#include "api/kept_task.hpp"
#include "api/logs.hpp"
#include "api/run_recorder.hpp"
#include "api/transport.hpp"
#include "lambdapool/detail/connection.hpp"
#include "pool/batch.hpp"
#include "runtime/message.hpp"

namespace lambdapool::api {

inline constexpr std::chrono::milliseconds backoff_max{60'000};

class Job final : public detail::Job {
 public:
  using Chunk = pool::Batch::Chunk;

  struct Setting {
    std::weak_ptr<Dispatcher> dispatcher;
    std::shared_ptr<Logs> logs;
    std::string peer;  // this program's
    pool::Batch::Job number;
    std::string head;
    detail::OnFailure on_failure;
    std::shared_ptr<RunRecorder> recorder = nullptr;  // of a named run
    Retry retry = {};
    std::shared_ptr<Books> books = nullptr;
    std::shared_ptr<report::Account> account = nullptr;
    std::size_t variant = 0;   // of the function: see Transport::submit
    std::size_t variants = 0;  // to climb, with more memory each
    std::shared_ptr<Keeper> keeper = nullptr;
    std::string keep_failed = {};  // the folder for it
    Shown shown = {};
  };
  Job(Setting setting, std::vector<std::string> items);

  void wait() override;
  bool wait_until(std::chrono::steady_clock::time_point deadline) override;
  bool cancel() override;
  std::string_view result(std::size_t item) override;
  std::string logs() override;
  Report report() override;
  Progress progress() override;
  void forget_results() override;
  const report::Account& account() const { return *setting_.account; }

  // For the dispatcher. What it sends: at most chunk_bytes_max of arguments, but a single item whatever its
  // size.
  const std::string& head() const { return setting_.head; }
  std::size_t fitting(const Chunk& chunk);
  Result<void> sending(const Chunk& chunk);  // is called before it is
  std::string message(const Chunk& chunk);
  std::string name_of(const Chunk& chunk) const;  // as it stands before each line that it prints
  std::size_t variant_of(const Chunk& chunk);     // what has climbed is sent alone

  // What an answer says: how many of the chunk's items have their outcomes now, how long a worker was busy
  // with them, and the worst fault among them.
  struct Told {
    std::size_t done;
    std::chrono::microseconds busy{0};
    std::size_t bytes = 0;
    std::optional<pool::Fault> fault = {};
    // Items of which this was not the last word, and how long they wait until they are sent again.
    std::vector<std::pair<std::size_t, std::chrono::milliseconds>> again = {};
    std::size_t climbed = 0;                // of those, that get more memory
    std::optional<report::Call> call = {};  // as the books have it, where it was sent
  };
  // Writes it into the books, too. `begun`: so many of the chunk's items may have been started, where there
  // is no answer.
  Told take(const Chunk& chunk, Result<Reply> reply, std::size_t begun);
  Told take_early(const Chunk& chunk, pool::EarlyPart part);  // of a call that is not over
  void leave_out(const Error& error);                         // what is given up from now on is so for this
  void give_up(const Chunk& chunk);  // it is not sent, for what take() or cancel() has met

 private:
  struct Answer {  // of one item; bytes point into a body of `bodies_`, or failure is set
    runtime::Status status = runtime::Status::value;
    std::string_view bytes = {};
    std::exception_ptr failure = nullptr;
    pool::Batch::Call call = 0;  // that carried it
  };

  enum class When { early, at_the_end };
  Told told_by(const Chunk& chunk, Result<Reply> reply, std::size_t begun);
  Told accept(const Chunk& chunk, Reply reply);
  Told accept_items(const Chunk& chunk, std::string body, When when);
  void failed_item(std::size_t item);
  bool take_up_early_failures(const Chunk& chunk);
  Error refusal(Error error, pool::Batch::Call call, const std::string& request_id) const;
  Told fail(Chunk chunk, Error error, std::size_t begun);
  void fail_each(const Chunk& chunk, ErrorKind kind, const std::exception_ptr& failure, Told& told);
  bool is_named_unlocked(const Retry& retry, const std::exception_ptr& failure);
  bool comes_again(std::size_t item, const std::exception_ptr& failure, Told& told);
  bool climbs(std::size_t item, Told& told);
  void keep_failed(std::size_t item, const std::exception_ptr& failure);
  std::exception_ptr failure_of(std::size_t item);
  bool is_map() const { return answers_.size() > 1 || setting_.recorder != nullptr; }
  std::size_t position(std::size_t item) const;  // in the range that the user gave
  std::string place_of(const Chunk& chunk) const;
  void let_print() const;
  void finish(const std::exception_ptr& failure);
  void finish_if_all();
  void open_single();

  const Setting setting_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> items_;
  std::vector<Answer> answers_;
  std::unordered_map<std::size_t, int> runs_again_;     // by item, how often
  std::unordered_map<std::size_t, std::size_t> rungs_;  // by item, how far it has climbed
  std::size_t answered_ = 0;
  std::size_t failed_ = 0;  // of those
  std::size_t run_again_ = 0;
  std::set<std::size_t> early_failures_;  // items of calls that are not over: there is no log yet
  std::deque<std::string> bodies_;
  std::optional<Reply> single_;  // a lone item's, read by who waits for it
  pool::Batch::Call single_call_ = 0;
  std::exception_ptr failure_;   // of the whole
  std::exception_ptr left_out_;  // of what is not sent any more
  std::size_t calls_ = 0;        // that have come to their end
  bool done_ = false;
};

}  // namespace lambdapool::api
