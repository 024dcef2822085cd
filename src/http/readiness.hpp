// Tells which of many sockets there is something to read from, many at a time. A socket is made known to the
// kernel once, where each of Asio's waits takes memory, locks and mostly a system call. All of it runs on the
// event loop's thread.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "core/error.hpp"

namespace lambdapool::http {

class Readiness : public std::enable_shared_from_this<Readiness> {
 public:
  struct What {
    bool to_read = false;
    bool to_write = false;
    bool ended = false;  // the peer sends no more than what is there to read
  };
  class Listener {
   public:
    // Told once of what has come, which is to be read until there is no more. It may forget any socket.
    virtual void ready(What what) = 0;

   protected:
    ~Listener() = default;
  };

  // `told` runs when all have been told whose sockets were ready at the same time.
  static Result<std::shared_ptr<Readiness>> open(boost::asio::io_context& io, std::function<void()> told);
  void close();  // nobody is told any more

  // From now on until forget(), which comes before `fd` is closed: a forked child may have it open, too.
  Result<void> watch(int fd, Listener& listener);
  void forget(int fd, const Listener& listener);
  // The same, and tells of room to write, until watch_reading().
  void watch_writing(int fd, Listener& listener) { change(fd, listener, EPOLLOUT); }
  void watch_reading(int fd, Listener& listener) { change(fd, listener, 0); }

  // Somebody is being told, and `told` will run.
  bool is_telling() const { return telling_; }
  // Goes on behind each `told`: what was heard in this turn was heard a moment ago.
  std::uint64_t turn() const { return turn_; }

 private:
  using Descriptor = boost::asio::posix::stream_descriptor;

  Readiness(Descriptor epoll, std::function<void()> told);
  void change(int fd, Listener& listener, unsigned also);
  void wait();
  void tell_and_wait();
  void tell();

  // What is ready beyond that is told next, so that what one is told of is still in the processor's caches
  // when `told` runs.
  static constexpr std::size_t at_a_time = 64;

  Descriptor epoll_;
  const std::function<void()> told_;
  std::array<epoll_event, at_a_time> events_;
  std::size_t next_ = 0;  // of events_, to be told
  std::size_t count_ = 0;
  bool telling_ = false;
  std::uint64_t turn_ = 1;
};

}  // namespace lambdapool::http
