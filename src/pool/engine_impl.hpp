// What stands behind an engine: its state, and what its two parts do with it: engine.cpp, and
// engine_early.cpp for the calls that are sent before their turn.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "cloud/caller.hpp"
#include "core/id_map.hpp"
#include "http/client.hpp"
#include "http/event_loop.hpp"
#include "http/in_process.hpp"
#include "pool/alarms.hpp"
#include "pool/engine.hpp"
#include "pool/gate.hpp"
#include "pool/streams.hpp"
#include "pool/window.hpp"

namespace lambdapool::pool {

struct Engine::Impl : std::enable_shared_from_this<Engine::Impl> {
  using Clock = std::chrono::steady_clock;
  struct Call {
    http::Request request;  // only its body before it is first sent; the client has it while in flight
    Done done;
    std::string echo = {};
    cloud::Signature signature = {};
    Ahead ahead = {};  // until the request asks for it, which makes it larger: when it is sent
    cloud::Attempts attempts = {};
    int lost = 0;  // so often it may have run
    report::CallTimes times = {};
    Place place = {};
    std::shared_ptr<http::Turn> turn = {};  // where the service is in this process
  };

  Impl(target::Target where, std::unique_ptr<cloud::Caller> function, EngineOptions with);

  const target::Target target;  // keeps what the calls need running
  const EngineOptions options;
  const std::unique_ptr<cloud::Caller> caller;

  mutable std::mutex mutex;
  Window window;
  IdMap<std::unique_ptr<Call>> calls;
  std::vector<std::pair<Done, Error>> refused;  // ended without having been sent, to be told so
  bool pump_posted = false;
  bool terminated = false;
  std::string unreachable;  // why the service was, last
  report::Retries retries;  // of all calls

  // On the I/O thread only.
  std::vector<Id> refused_as_expired;  // to be sent again when there are new credentials
  bool renewing = false;
  Streams streams;
  std::size_t answer_bytes = 0;                          // of the newest answer
  std::optional<std::chrono::seconds> function_timeout;  // as the function has told
  std::optional<Architecture> architecture;              // likewise
  std::unique_ptr<http::EventLoop> own_loop;
  http::EventLoop* const loop;  // the service's own, where it is in this process
  std::shared_ptr<Gate> gate;
  std::shared_ptr<Alarms> alarms;
  std::unique_ptr<http::EventLoop::Timer> timer;
  Clock::time_point timer_at = Clock::time_point::max();
  std::unique_ptr<http::Client> client;

  void submit(Id id, std::string payload, Done, std::string echo, const std::string& variant, Ahead,
              Place place);
  void refuse(Error error, Done done);
  bool cancel(Id id);
  enum class Which { quick, all };  // of a row that nobody has taken yet: nothing, or all but the first
  void have_back(Id id, Which which = Which::quick);
  void terminate();
  void terminate_on_loop();

 private:
  void post_pump();
  void pump(Clock::time_point now = Clock::now());
  void tell_refused();
  void send(Id id, Call& call, http::Turn::Standing standing);
  bool cancel_waiting(Id id);
  void take_turn(Id id, Call& call, http::Turn::Standing standing);
  bool has_returned(Id id, http::Request& request);
  void cut(Id id, std::size_t items);
  void have_back_to_end(Id id);
  void have_all_back();
  std::chrono::milliseconds read_timeout() const;
  std::optional<Error> examine(const http::Response& response, const std::string& echo);
  void answered(Id id, http::Answer&& answer, http::Request&& request);
  void failed(Id id, cloud::Failure failure, http::Request&& request);
  cloud::Step next_step(Id id, cloud::Failure failure, const http::Request& request);
  std::optional<std::chrono::milliseconds> wait(Id id, cloud::Failure& failure);
  void renew_for(Id id, const cloud::Credential& stale);
  void renewed(const Result<void>& result);
  void finish(Id id, Result<cloud::Invoked> result);
  void set_timer(std::optional<Clock::time_point> wake);
};

}  // namespace lambdapool::pool
