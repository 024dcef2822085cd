// AWS Lambda's Runtime API, as one worker sees it: which request is allowed when, and what it is answered.
// The worker's HTTP connections (its own channel, and the port of a foreign runtime) all lead here.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "http/server.hpp"
#include "local/worker/invocation.hpp"

namespace lambdapool::local {

struct DeliveredInvocation {
  Invocation invocation;
  std::int64_t deadline_ms = 0;  // epoch
  std::string trace_id;
};

// Of connections that lead here: what is larger is answered by RuntimeApi, up to where nobody means it.
http::ServerLimits answer_limits();

class RuntimeApi {
 public:
  enum class Kind { response, error, too_large };
  struct Events {
    std::function<void()> ready;                           // it waits for an invocation
    std::function<void(Kind, std::string body)> answered;  // the invocation that it was given
    std::function<void(std::string type, std::string body)> init_failed;
    std::function<void(std::string_view names)> imported = [](auto) {};  // modules; of our own runtime
  };

  explicit RuntimeApi(Events events) : events_(std::move(events)) {}

  void handle(http::Request request, http::Responder responder);

  // Of our own runtime's other way, beside HTTP (docs/protocol.md, Packets); `send` goes back on it.
  using SendPacket = std::function<void(std::string_view packet)>;
  void packet(std::string_view packet, const SendPacket& send);

  // The runtime waits (`ready` was the last event): here is its invocation.
  void deliver(DeliveredInvocation delivered);
  bool waiting() const { return state_ == State::waiting; }
  void close();
  // What was streamed of an answer that is an error.
  std::string take_streamed() { return std::exchange(streamed_, {}); }

 private:
  enum class State { init, waiting, running, answered, failed };

  void next(const http::Request& request, http::Responder responder);
  void result(const http::Request& request, std::string body, std::string_view id, bool error,
              http::Responder responder);
  void init_error(const http::Request& request, std::string body, http::Responder responder);
  http::Response next_response() const;
  void end_result(std::string body, std::int64_t most, bool error, http::Responder responder);
  void answer_packet(std::string_view packet);
  void ready_for_packets(const SendPacket& send);
  std::optional<std::string> next_packet() const;

  Events events_;
  State state_ = State::init;
  DeliveredInvocation delivered_;
  bool handed_out_ = false;
  bool takes_raw_ = false;  // envelopes whose bodies are no JSON
  std::optional<http::Responder> poll_;
  SendPacket send_packet_;  // while the runtime waits for a packet
  SendPacket early_;        // it will, once its answer has been read
  std::uint64_t poll_number_ = 0;
  std::string streamed_;
};

}  // namespace lambdapool::local
