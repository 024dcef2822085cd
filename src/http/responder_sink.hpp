// What stands behind a Responder: the way back to the connection that its request came in on.
#pragma once

#include <memory>
#include <utility>

#include "http/memory_budget.hpp"
#include "http/server_connection.hpp"

namespace lambdapool::http {

// Holds the connection weakly: a handler may keep its responder longer than anything else lives.
class ResponderSink : public Responder::Sink {
 public:
  ResponderSink(std::weak_ptr<EventLoop::Impl> loop, std::weak_ptr<ServerConnection> connection,
                std::uint64_t number, MemoryBudget::Share share)
      : loop_(std::move(loop)),
        connection_(std::move(connection)),
        number_(number),
        share_(std::move(share)) {}

  ~ResponderSink() override {
    if (answered_) return;
    on_loop([number = number_](ServerConnection& connection) { connection.abandon(number); });
  }
  void send(Response response) override {
    answered_ = true;
    on_loop([number = number_, response = std::move(response)](ServerConnection& connection) mutable {
      connection.answer(number, std::move(response));
    });
  }
  void on_disconnect(std::function<void()> gone) override {
    on_loop([number = number_, gone = std::move(gone)](ServerConnection& connection) mutable {
      if (connection.number_ != number) return;
      if (connection.ended_) return gone();
      connection.gone_ = std::move(gone);
    });
  }
  void release_memory() override { share_ = {}; }

 private:
  template <class Work>
  void on_loop(Work work) {
    auto loop = loop_.lock();
    if (!loop) return;
    if (loop->on_thread()) {
      if (auto connection = connection_.lock()) work(*connection);
      return;
    }
    loop->post([held = connection_, work = std::move(work)]() mutable {
      if (auto connection = held.lock()) work(*connection);
    });
  }

  std::weak_ptr<EventLoop::Impl> loop_;
  std::weak_ptr<ServerConnection> connection_;
  std::uint64_t number_;
  MemoryBudget::Share share_;  // what the request's body may take
  bool answered_ = false;
};

}  // namespace lambdapool::http
