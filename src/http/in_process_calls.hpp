// A client's exchanges with a service of its own process. All of it runs on the loop's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "http/client_connection.hpp"
#include "http/in_process.hpp"

namespace lambdapool::http {

class InProcessCalls : public std::enable_shared_from_this<InProcessCalls> {
 public:
  explicit InProcessCalls(std::shared_ptr<InProcess> service) : service_(std::move(service)) {}

  void start(std::unique_ptr<Exchange> exchange);  // which is never finished before this returns
  void cancel(Client::Id id);
  void close();  // cancels them all, and lets go of the service

 private:
  class Sink;
  struct Call {
    std::unique_ptr<Exchange> exchange;
    std::function<void()> gone = {};  // to be told when nobody waits for the answer any more
  };

  void answered(Client::Id id, Response response);
  void ahead(Client::Id id, std::string_view piece);
  void tell_early();
  void end(Call call);

  std::shared_ptr<InProcess> service_;
  std::unordered_map<Client::Id, Call> calls_;
  std::vector<std::pair<Client::Id, Response>> early_;  // answers that came before handle() returned
  bool starting_ = false;
};

}  // namespace lambdapool::http
