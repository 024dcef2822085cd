// The items of one call or map on their way: which are out, which are back, what to send next.
//
// Chunks go out as others come back, so that at most `workers` are out and each can be sized by what is
// known by then. A worker may answer fewer items than it was given (it had enough bytes, or too little
// time); those never started are sent again. Everything but the transport's calls happens under one lock.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/chunking.hpp"
#include "api/transport.hpp"
#include "lambdapool/detail/connection.hpp"
#include "pool/log_tails.hpp"
#include "runtime/message.hpp"

namespace lambdapool::api {

class ItemBatch final : public detail::Batch, public std::enable_shared_from_this<ItemBatch> {
 public:
  ItemBatch(std::shared_ptr<Transport> transport, std::string head, std::vector<std::string> items,
            std::size_t chunksize, detail::OnFailure on_failure);

  void send();  // what may be sent now

  void wait() override;
  bool wait_until(std::chrono::steady_clock::time_point deadline) override;
  bool cancel() override;
  std::string_view result(std::size_t item) override;
  std::string logs() override;
  void forget_results() override;

 private:
  static constexpr std::size_t log_bytes_max = std::size_t{4} << 20;

  struct Range {
    std::size_t first;
    std::size_t count;
  };
  struct Chunk {
    Range range;
    std::optional<Transport::Id> id = {};  // set once submit has returned
  };
  struct Answer {  // of one item; bytes point into a body of `bodies_`, or failure is set
    runtime::Status status = runtime::Status::value;
    std::string_view bytes = {};
    std::exception_ptr failure = nullptr;
    std::uint64_t call = 0;  // the chunk that carried it
  };

  std::optional<Range> next_range();
  std::size_t fit_bytes(Range range) const;
  void arrived(std::uint64_t chunk, Result<Reply> reply);
  void accept(std::uint64_t chunk, Range range, const Reply& reply);
  void accept_items(std::uint64_t chunk, Range range, std::string body);
  void keep_log(std::uint64_t chunk, Result<Reply>& reply);
  Error refusal(Error error, std::uint64_t chunk, const std::string& request_id) const;
  void fail_range(Range range, Error error);
  void withdraw();
  bool is_map() const { return answers_.size() > 1; }
  void finish(const std::exception_ptr& failure);
  void open_single();

  const std::shared_ptr<Transport> transport_;
  const std::string head_;
  const detail::OnFailure on_failure_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> items_;
  Chunking chunking_;
  std::size_t unsent_ = 0;        // items_ from here on have never been sent
  std::deque<Range> sent_again_;  // never started by the worker they were sent to
  std::map<std::uint64_t, Chunk> out_;
  std::uint64_t chunks_ = 0;
  std::vector<Answer> answers_;
  std::size_t answered_ = 0;
  std::deque<std::string> bodies_;
  std::optional<Reply> single_;  // a lone item's, read by who waits for it
  std::exception_ptr failure_;   // of the whole
  pool::LogTails log_tails_{log_bytes_max};
  bool sending_ = false;
  bool withdrawn_ = false;
  bool done_ = false;
};

}  // namespace lambdapool::api
