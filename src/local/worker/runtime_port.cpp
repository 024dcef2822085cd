#include "local/worker/runtime_port.hpp"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <string_view>

#include "local/worker/process_tree.hpp"
#include "local/worker/runtime_api.hpp"

namespace lambdapool::local {
namespace {

constexpr const char* loopback = "127.0.0.1";

http::Response no_browsers() {
  http::Response response;
  response.status = 403;
  response.headers.add("Content-Type", "application/json");
  response.body =
      "{\"errorMessage\":\"The Runtime API is for the function's own processes, at the address that "
      "AWS_LAMBDA_RUNTIME_API gives.\",\"errorType\":\"AccessDenied\"}\n";
  return response;
}

bool is_port(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c); });
}

}  // namespace

bool may_be_a_browsers(const http::Request& head) {
  if (!head.headers.get("Origin").empty()) return true;
  const std::string_view host = head.headers.get("Host");
  if (host.empty()) return false;  // browsers always send it
  const auto colon = host.rfind(':');
  const std::string_view name = host.substr(0, colon);
  if (colon != std::string_view::npos && !is_port(host.substr(colon + 1))) return true;
  return name != loopback && name != "localhost";
}

Result<std::unique_ptr<RuntimePort>> RuntimePort::open(http::EventLoop& loop, http::Handler handler,
                                                       http::Divert divert) {
  std::unique_ptr<RuntimePort> port(new RuntimePort);
  http::Guard guard;
  guard.opened_later = true;
  guard.divert = std::move(divert);
  guard.admit = [worker = port->worker_](const http::Caller& caller) {
    return caller.uid == ::geteuid() && caller.inode != 0 && tree_holds_socket(*worker, caller.inode);
  };
  guard.screen = [](const http::Request& head, const http::Caller&) {
    return may_be_a_browsers(head) ? std::optional(no_browsers()) : std::nullopt;
  };
  auto listener = http::listen_tcp(loop, loopback, 0, std::move(handler), answer_limits(), std::move(guard));
  if (!listener) return tl::unexpected(listener.error());
  port->listener_ = std::move(*listener);
  port->address_ = std::string(loopback) + ":" + std::to_string(port->listener_->endpoint().port);
  return port;
}

void RuntimePort::belongs_to(pid_t worker) {
  *worker_ = worker;
  listener_->open();
}

}  // namespace lambdapool::local
