// One connection of a client: connects, then carries one exchange after the other.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "http/client.hpp"
#include "http/connector.hpp"
#include "http/parser.hpp"
#include "http/readiness.hpp"
#include "http/scratch.hpp"
#include "http/stream.hpp"

namespace lambdapool::http {

// A request on its way to its answer.
struct Exchange {
  Client::Id id = 0;
  Request request;
  std::chrono::milliseconds read_timeout{};
  std::function<void(Answer)> done;
  std::function<void(Answer&&, Request&&)> done_returning;  // one of the two
  Doubt doubt;
  int false_starts = 0;

  void finish(Answer answer) {
    if (done) return done(std::move(answer));
    done_returning(std::move(answer), std::move(request));
  }
};

class ClientConnection final : public Readiness::Listener,
                               public std::enable_shared_from_this<ClientConnection> {
 public:
  using Clock = std::chrono::steady_clock;

  // What the pool hears. Each of these may use, close or forget the connection.
  class Pool {
   public:
    virtual void connected(ClientConnection& connection) = 0;
    virtual void not_connected(ClientConnection& connection, Error error) = 0;
    virtual void answered(ClientConnection& connection, std::unique_ptr<Exchange> exchange,
                          Answer answer) = 0;
    virtual void lost(ClientConnection& connection) = 0;  // while idle
    virtual void deadline_moved(Clock::time_point deadline) = 0;

   protected:
    ~Pool() = default;
  };

  ClientConnection(asio::io_context& io, Pool& pool, Scratch& scratch, const ClientOptions& options,
                   std::shared_ptr<const Route> route, std::shared_ptr<Readiness> readiness);

  void connect(std::size_t turn);  // begins at another of the host's addresses each turn
  bool is_ready() const { return state_ == State::idle; }
  bool is_fresh() const { return !used_; }
  // Closed by the peer while it was idle. Not looked at where its last answer came only now.
  bool is_stale() { return answered_in_ != readiness_->turn() && stream_.peer_has_closed(); }
  const std::string& where() const { return where_; }

  // Takes the exchange and starts to send it; leaves it where it is, and is closed, when the peer turns
  // out to have closed the connection already, so that nothing of it was sent.
  enum class Started { yes, no };
  Started start(std::unique_ptr<Exchange>& exchange, Clock::time_point now);

  const Exchange* exchange() const { return exchange_.get(); }
  std::unique_ptr<Exchange> abort();  // closes, and gives back what it was carrying
  void close();

  void limit_read_timeout(
      std::chrono::milliseconds read_timeout);  // of what it carries, counted from its start
  Clock::time_point deadline() const { return deadline_; }
  void deadline_passed();

  std::size_t slot = 0;  // the pool's own bookkeeping

 private:
  enum class State { connecting, idle, busy, closed };
  using Reached = TransportError::Reached;

  void connected(Stream stream);
  void connect_failed(Error error);

  void append_head(std::string& head) const;
  bool write();
  void ready(Readiness::What what) override;
  void wait_to_write();
  void write_on();
  void read();
  enum class Next { read_on, wait, stop };
  Next read_some();
  Next nothing_read(const Stream::Transfer& outcome);
  Next take_in(std::string_view bytes);
  Next complete();
  bool has_begun() const { return parser_ && parser_->started(); }
  bool is_being_read() const { return parser_ && parser_->is_being_read(); }
  enum class CutOff { no, yes };
  void broken(const std::string& why, CutOff cut_off = CutOff::no);
  void fail_exchange(ErrorKind kind, std::string message, CutOff cut_off = CutOff::no);
  void set_deadline(Clock::time_point deadline);

  Pool& pool_;
  Scratch& scratch_;
  const ClientOptions& options_;
  Stream stream_;
  State state_ = State::connecting;
  std::shared_ptr<const Route> route_;
  std::string where_;  // for messages
  std::shared_ptr<Connector> connector_;
  std::shared_ptr<Readiness> readiness_;

  std::unique_ptr<Exchange> exchange_;
  std::unique_ptr<ResponseParser> parser_;  // of an answer that has begun
  std::string unread_;                      // what the parser wants to see more of
  std::string_view unsent_head_;
  std::string head_;  // the same, where not all of it could be sent at once
  std::size_t body_sent_ = 0;
  bool sent_all_ = false;
  bool sent_some_ = false;
  bool used_ = false;  // has carried an answer
  bool watching_ = false;
  bool waiting_to_write_ = false;
  bool peer_ended_ = false;        // it sends no more than what is there
  std::uint64_t answered_in_ = 0;  // the turn
  std::string write_failure_;
  Clock::time_point deadline_ = Clock::time_point::max();
};

}  // namespace lambdapool::http
