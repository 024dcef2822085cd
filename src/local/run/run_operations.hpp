// The long-running operations that changes of services are, as the local Cloud Run tells of them. On the
// loop's thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "http/event_loop.hpp"
#include "http/message.hpp"

namespace lambdapool::local::run {

class RunOperations {
 public:
  explicit RunOperations(http::EventLoop& loop) : loop_(loop) {}

  // `service`: as it is now, in JSON. The operation's id.
  std::string begin(const std::string& service);
  void succeed(const std::string& id, const std::string& service);
  void fail(const std::string& id, int code, const std::string& message);  // `code`: of google.rpc.Code

  // `parent`: "projects/P/locations/L".
  http::Response shown(const std::string& parent, const std::string& id) const;

  // Answers when it is done, or after what the body of the request says.
  void wait(const std::string& parent, const std::string& id, const std::string& body,
            std::function<void(http::Response)> answer);

 private:
  struct Waiting {
    std::function<void()> answer;
    std::unique_ptr<http::EventLoop::Timer> timer;
  };
  struct Operation {
    nlohmann::json metadata = {};  // the service, as it was when this began
    bool done = false;
    nlohmann::json result = {};  // "response" or "error" with its value
    std::map<std::uint64_t, Waiting> waiting = {};
  };
  void finish(const std::string& id, nlohmann::json result);

  http::EventLoop& loop_;
  std::map<std::string, Operation> operations_;
  std::vector<std::string> order_;
  std::uint64_t next_waiting_ = 0;
};

}  // namespace lambdapool::local::run
