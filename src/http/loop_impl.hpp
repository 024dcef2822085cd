// The event loop's inside, for this folder's sources only.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <thread>
#include <utility>

#include "http/event_loop.hpp"
#include "http/helm.hpp"

namespace lambdapool::http {

namespace asio = boost::asio;

struct EventLoop::Impl {
  asio::io_context io{1};
  Helm helm{io};
  std::thread thread;

  bool on_thread() const { return helm.is_mine(); }

  template <class Work>
  void post(Work work) {
    helm.will_post();
    asio::post(io, [this, work = std::move(work)]() mutable {
      helm.begins();
      work();
    });
    helm.has_posted();
  }
};

// Runs `work` on the loop's thread and returns when it is done.
void run_on(EventLoop::Impl& loop, const std::function<void()>& work);

}  // namespace lambdapool::http
