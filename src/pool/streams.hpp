// Which calls ask for an answer that is read as it comes: those whose senders take what is ahead of it, where
// the service has such a way. One refusal for that, and none does any more.
#pragma once

#include <atomic>

#include "cloud/caller.hpp"
#include "http/message.hpp"

namespace lambdapool::pool {

class Streams {
 public:
  explicit Streams(const cloud::Caller& caller);

  // Of a request that is to be sent: it asks, in the way that there is. From any thread.
  void ask(http::Request& request, cloud::Caller::Ahead ahead) const;
  // One that asked before the refusal asks no more: true, and then it is to be signed anew.
  bool take_back(http::Request& request) const;
  // Whether that may be why it was refused. If it was not, the refusal comes again.
  bool refused(const http::Request& request, const cloud::Failure& failure);

 private:
  const cloud::Caller& caller_;
  const bool may_be_refused_;
  std::atomic<bool> streams_;
};

}  // namespace lambdapool::pool
