#include "http/readiness.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <utility>

#include "http/stream.hpp"

namespace lambdapool::http {
namespace {

// Told once: a socket that is read to its end is not looked at again by the next epoll_wait().
constexpr unsigned always = EPOLLIN | EPOLLRDHUP | EPOLLET;

epoll_event event_for(Readiness::Listener& listener, unsigned also) {
  epoll_event event{};
  event.events = always | also;
  event.data.ptr = &listener;
  return event;
}

Readiness::What what_of(unsigned events) {
  const bool is_broken = (events & (EPOLLERR | EPOLLHUP)) != 0;
  return {.to_read = is_broken || (events & (EPOLLIN | EPOLLRDHUP)) != 0,
          .to_write = is_broken || (events & EPOLLOUT) != 0,
          .ended = is_broken || (events & EPOLLRDHUP) != 0};
}

}  // namespace

Result<std::shared_ptr<Readiness>> Readiness::open(boost::asio::io_context& io, std::function<void()> told) {
  const int fd = ::epoll_create1(EPOLL_CLOEXEC);
  if (fd < 0) return fail(ErrorKind::io, "cannot wait for sockets: " + reason(errno));
  std::shared_ptr<Readiness> made(new Readiness(Descriptor(io, fd), std::move(told)));
  made->wait();
  return made;
}

Readiness::Readiness(Descriptor epoll, std::function<void()> told)
    : epoll_(std::move(epoll)), told_(std::move(told)) {}

void Readiness::close() {
  next_ = count_ = 0;
  boost::system::error_code ignored;
  epoll_.close(ignored);
}

Result<void> Readiness::watch(int fd, Listener& listener) {
  auto event = event_for(listener, 0);
  if (::epoll_ctl(epoll_.native_handle(), EPOLL_CTL_ADD, fd, &event) == 0) return {};
  return fail(ErrorKind::io, "cannot wait for a socket: " + reason(errno));
}

void Readiness::forget(int fd, const Listener& listener) {
  for (std::size_t i = next_; i < count_; ++i) {
    if (events_[i].data.ptr == &listener) events_[i].data.ptr = nullptr;
  }
  ::epoll_ctl(epoll_.native_handle(), EPOLL_CTL_DEL, fd, nullptr);
}

void Readiness::change(int fd, Listener& listener, unsigned also) {
  auto event = event_for(listener, also);
  ::epoll_ctl(epoll_.native_handle(), EPOLL_CTL_MOD, fd, &event);
}

void Readiness::wait() {
  epoll_.async_wait(Descriptor::wait_read, [self = shared_from_this()](boost::system::error_code error) {
    if (!error) self->tell_and_wait();
  });
}

void Readiness::tell_and_wait() {
  try {
    tell();
  } catch (...) {  // the helm reports it; the others are told all the same
    boost::asio::post(epoll_.get_executor(), [self = shared_from_this()] { self->tell_and_wait(); });
    throw;
  }
  if (epoll_.is_open()) wait();
}

void Readiness::tell() {
  if (!epoll_.is_open()) return;
  telling_ = true;
  if (next_ == count_) {
    const int found = ::epoll_wait(epoll_.native_handle(), events_.data(), int{at_a_time}, 0);
    next_ = 0;
    count_ = static_cast<std::size_t>(std::max(found, 0));
  }
  while (next_ < count_) {
    const auto& event = events_[next_++];
    if (event.data.ptr != nullptr) static_cast<Listener*>(event.data.ptr)->ready(what_of(event.events));
  }
  telling_ = false;
  if (epoll_.is_open()) told_();
  ++turn_;
}

}  // namespace lambdapool::http
