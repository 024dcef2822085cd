// AWS Lambda's Runtime API, as one worker sees it: which request is allowed when, and what it is answered.
// The worker's HTTP connections (its own channel, and the port of a foreign runtime) all lead here.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "http/body_stream.hpp"
#include "http/server.hpp"
#include "local/worker/invocation.hpp"

namespace lambdapool::local {

struct DeliveredInvocation {
  Invocation invocation;
  std::int64_t deadline_ms = 0;  // epoch
  std::string trace_id;
  std::chrono::milliseconds budget{};  // from when the runtime begins it
  bool is_waited_for = false;          // by a caller who does nothing else, and comes back soon
};

// Of connections that lead here: what is larger is answered by RuntimeApi, up to where nobody means it.
http::ServerLimits answer_limits();

class RuntimeApi {
 public:
  enum class Kind { response, error, too_large, stream_too_large };
  struct Events {
    std::function<void()> ready;                           // it waits for an invocation
    std::function<void(Kind, std::string body)> answered;  // the invocation that it was given
    std::function<void(std::string type, std::string body)> init_failed;
    std::function<void(std::string_view names)> imported = [](auto) {};  // modules; of our own runtime
    // Before `answered`, where an answer says it: all that the invocation wrote has been read already, or
    // what has not has a mark behind it.
    std::function<void(bool all_read)> logged = [](bool) {};
    std::function<void()> streams = [] {};  // the response begins: what was written before it comes first
  };

  explicit RuntimeApi(Events events) : events_(std::move(events)) {}

  void handle(http::Request request, http::Responder responder);
  // Where the body of a streamed response goes, to a caller who takes it as it comes; null: it is kept.
  std::unique_ptr<http::BodySink> divert(const http::Request& head);

  // Of our own runtime's other way, beside HTTP (docs/protocol.md, Packets); `send` goes back on it.
  using SendPacket = std::function<void(std::string_view packet)>;
  void packet(std::string_view packet, const SendPacket& send);

  // The runtime waits (`ready` was the last event): here is its invocation.
  void deliver(DeliveredInvocation delivered);
  // The same, where the runtime has found it in its socket behind the one before.
  void has_taken(DeliveredInvocation delivered);
  // The runtime has an invocation that came as a packet: so it reads the next packet after that.
  bool by_packet() const { return state_ == State::running && by_packet_; }
  bool takes_rows() const { return takes_rows_; }
  bool waits_for_packet() const { return send_packet_ != nullptr; }
  // nullopt: it cannot go as a packet.
  std::optional<std::string> packet_of(const Invocation& invocation, std::chrono::milliseconds budget,
                                       std::string_view trace_id) const;
  static std::string_view id_in(std::string_view packet);
  bool waiting() const { return state_ == State::waiting; }
  void close();
  // How many bytes of the last answer were streamed.
  std::uint64_t take_streamed_bytes() { return std::exchange(streamed_bytes_, 0); }

 private:
  class StreamedBody;
  enum class State { init, waiting, running, streaming, answered, failed };

  void next(const http::Request& request, http::Responder responder);
  void result(const http::Request& request, std::string body, std::string_view id, bool error,
              http::Responder responder);
  void init_error(const http::Request& request, std::string body, http::Responder responder);
  http::Response next_response() const;
  void end_result(std::string body, bool error, http::Responder responder);
  std::optional<http::Response> take_piece(std::string_view piece);
  void stream_broken();
  void answer_packet(std::string_view packet, bool quiet);
  void ready_for_packets(const SendPacket& send);

  Events events_;
  State state_ = State::init;
  DeliveredInvocation delivered_;
  bool handed_out_ = false;
  bool takes_raw_ = false;  // envelopes whose bodies are no JSON
  std::optional<http::Responder> poll_;
  bool by_packet_ = false;
  bool takes_rows_ = false;
  SendPacket send_packet_;  // while the runtime waits for a packet
  std::uint64_t poll_number_ = 0;
  std::uint64_t streamed_bytes_ = 0;
  bool stream_broken_ = false;  // the runtime's connection, in the middle of its response
  std::shared_ptr<RuntimeApi*> self_ = std::make_shared<RuntimeApi*>(this);  // bodies hold it weakly
};

}  // namespace lambdapool::local
