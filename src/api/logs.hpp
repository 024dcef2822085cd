// The logs of a pool's calls, for the threads that read them; they outlive the pool with whoever holds them.
#pragma once

#include <mutex>
#include <string>

#include "api/transport.hpp"
#include "pool/log_tails.hpp"

namespace lambdapool::api {

class Logs {
 public:
  // Takes the tail out of the reply.
  void keep(const pool::Batch::Chunk& chunk, Result<Reply>& reply) {
    const std::lock_guard lock(mutex_);
    if (reply)
      tails_.keep_base64(chunk.job, chunk.call, std::move(reply->log_tail_base64));
    else
      tails_.keep_text(chunk.job, chunk.call, reply.error().log_tail);
  }
  std::string of_call(pool::Batch::Call call) const {
    const std::lock_guard lock(mutex_);
    return tails_.of(call).text;
  }
  std::string of_job(pool::Batch::Job job, std::size_t calls) const {
    const std::lock_guard lock(mutex_);
    return tails_.of_job(job, calls);
  }

 private:
  mutable std::mutex mutex_;
  pool::LogTails tails_;
};

}  // namespace lambdapool::api
