// The log tails that came with answers, for whoever asks later. Kept as they came, since most are never asked
// for; and only a pool's newest ones, up to so many bytes. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory_resource>
#include <string>
#include <unordered_map>

#include "pool/batch.hpp"

namespace lambdapool::pool {

class LogTails {
 public:
  using Job = Batch::Job;
  using Call = Batch::Call;
  static constexpr std::size_t bytes_max_of_pool = std::size_t{16} << 20;

  explicit LogTails(std::size_t bytes_max = bytes_max_of_pool) : bytes_max_(bytes_max) {}

  void keep_base64(Job job, Call call, std::string tail);  // X-Amz-Log-Result as it came
  void keep_text(Job job, Call call, std::string tail);
  void hand_over(Call call, Job to, Call as);  // it is another job's, as of that call
  void forget(Call call);                      // it ran nothing of its job's

  struct Tail {
    bool kept = false;  // false: it has not come, or has made room for newer ones
    std::string text = {};
  };
  Tail of(Call call) const;

  // Of all calls of a job that have come to their end, so many: what is kept, in the order in which they were
  // sent, after a line that says how many are not. Looks at all there are.
  std::string of_job(Job job, std::size_t calls) const;

 private:
  struct Stored {
    Job job;
    std::string text;
    bool base64;

    std::string plain() const;
  };
  void store(Call call, Stored stored);

  std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  std::pmr::unsynchronized_pool_resource memory_;
  std::pmr::unordered_map<Call, Stored> tails_{&memory_};
  std::deque<Call> oldest_first_;
};

}  // namespace lambdapool::pool
