// The event loop's inside, for this folder's sources only.
#pragma once

#include <boost/asio/io_context.hpp>
#include <thread>

#include "http/event_loop.hpp"

namespace lambdapool::http {

namespace asio = boost::asio;

struct EventLoop::Impl {
  asio::io_context io{1};
  std::thread thread;
  std::thread::id thread_id;

  bool on_thread() const { return std::this_thread::get_id() == thread_id; }
};

// Runs `work` on the loop's thread and returns when it is done.
void run_on(EventLoop::Impl& loop, const std::function<void()>& work);

}  // namespace lambdapool::http
