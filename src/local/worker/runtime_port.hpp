// The TCP port of one worker's Runtime API, for runtimes that are not ours: they know no other way. Every
// user of the machine can connect to a port, and who asks it for an invocation gets the caller's data and
// answers in the worker's name. So it takes connections of this user only, and only of the worker's own
// processes.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "http/server.hpp"

namespace lambdapool::local {

class RuntimePort {
 public:
  // Whoever connects waits until it is known whose port it is. Error kind io.
  static Result<std::unique_ptr<RuntimePort>> open(http::EventLoop& loop, http::Handler handler,
                                                   http::Divert divert = {});

  const std::string& address() const { return address_; }  // of AWS_LAMBDA_RUNTIME_API
  // From now on it serves `worker` and the processes below it. On the loop's thread.
  void belongs_to(pid_t worker);

 private:
  RuntimePort() = default;

  std::shared_ptr<pid_t> worker_ = std::make_shared<pid_t>(-1);
  std::string address_;
  std::unique_ptr<http::Listener> listener_;
};

// Whether a web page in a browser may have sent this: it names another host than this one (a name that was
// made to resolve to loopback), or the page that it comes from. Runtimes do neither.
bool may_be_a_browsers(const http::Request& head);

}  // namespace lambdapool::local
