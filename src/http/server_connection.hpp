// One connection that requests come in on. Requests are served one after the other: while one waits for
// its answer, what the peer sends is read ahead (so that its going away is noticed) but not looked at.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "http/guard.hpp"
#include "http/loop_impl.hpp"
#include "http/parser.hpp"
#include "http/read_buffer.hpp"
#include "http/server.hpp"
#include "http/stream.hpp"

namespace lambdapool::http {

class ServerConnection : public std::enable_shared_from_this<ServerConnection> {
 public:
  // Both on the loop's thread: the peer has closed; the connection is over and may be forgotten.
  struct Events {
    std::function<void()> peer_closed;
    std::function<void(ServerConnection&)> over;
  };

  struct Settings {
    Handler handler;
    ServerLimits limits = {};
    std::shared_ptr<const Guard> guard = std::make_shared<const Guard>();
    Pipelined pipelined = Pipelined::at_once;
  };
  ServerConnection(std::weak_ptr<EventLoop::Impl> loop, asio::io_context& io, Settings settings,
                   Events events);

  // `fd` is a connected stream socket and becomes this connection's.
  void start(int fd);
  void close();

  // Ends what has taken longer than the guard's deadlines allow.
  void look_at_clock(std::chrono::steady_clock::time_point now);
  // Since when it waits for a request or for the rest of its head: it may be closed for another's sake.
  std::optional<std::chrono::steady_clock::time_point> spare_since() const;

  // What a connection holds of a request without asking the budget: most requests are smaller.
  static constexpr std::size_t free_bytes = 16 * 1'024;

 private:
  friend class ResponderSink;
  enum class State { reading, waiting_for_room, answering, writing, lingering, closed };
  enum class Phase { idle, head, body };  // of reading

  void read();
  void read_some();
  void wait_to_read();
  void on_end(bool broken);
  void serve();
  bool feed();
  bool admit();
  bool head_fits();
  bool make_room();
  void room_again();
  bool chunks_fit();
  void go_on();
  void refuse(Progress progress);
  void refuse(int status, std::string why);
  void refuse(Response response);
  void out_of_memory();
  void hand_over();
  void call_handler(Request request);
  void answer(std::uint64_t number, Response response);
  void abandon(std::uint64_t number);
  void write();
  // Of a body that is not here as a whole. Broken: the peer must not take what it has for all of it.
  enum class Next { here, later, none, broken };
  Next next_piece();
  Next next_live();
  void written();
  void answered();
  void linger();
  void discard();
  void peer_has_closed();
  void expect_within(Deadlines::Duration Deadlines::*time);  // nullptr: for ever
  const Caller& caller();

  std::weak_ptr<EventLoop::Impl> loop_;
  Stream stream_;
  Settings settings_;
  Events events_;
  RequestParser parser_;
  ReadBuffer buffer_;

  State state_ = State::reading;
  Phase phase_ = Phase::head;
  bool serving_ = false;  // serve() is on the stack
  bool waiting_to_read_ = false;
  bool ended_ = false;  // the peer sends no more
  bool told_closed_ = false;
  bool continued_ = false;  // 100 Continue has been sent for the current request
  bool keep_alive_ = true;
  bool head_only_ = false;  // the request was HEAD
  std::uint64_t discarded_ = 0;
  std::function<void()> gone_;

  std::uint64_t number_ = 0;  // of the request that is being answered
  bool calling_ = false;      // the handler is on the stack
  bool abandoned_ = false;    // it has let the responder go meanwhile

  std::optional<Caller> caller_;
  MemoryBudget::Share share_;
  std::shared_ptr<MemoryBudget::Wait> wait_for_room_;
  std::optional<std::chrono::steady_clock::time_point> deadline_;
  std::chrono::steady_clock::time_point since_;  // by the machine's clock, not the deadlines'

  std::chrono::steady_clock::time_point body_until_;

  std::string head_;  // behind the answers that were held back for it
  std::string body_;
  std::shared_ptr<BodySource> source_;  // of what follows body_
  std::uint64_t source_left_ = 0;
  std::shared_ptr<LiveBody> live_;  // likewise; null once all of it has been taken
  bool waiting_for_live_ = false;
  std::size_t head_sent_ = 0;
  std::size_t body_sent_ = 0;
};

}  // namespace lambdapool::http
