// The local Cloud Run: the calls of Cloud Run's Admin API v2 and of Cloud Storage that deploying needs, and
// the services themselves below /_run/PROJECT/LOCATION/SERVICE. Behind the endpoint of the local Lambda and
// with its rules of trust: who calls has a token that only this service's owner knows.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "http/event_loop.hpp"
#include "http/guard.hpp"
#include "http/server.hpp"
#include "local/control/admission.hpp"
#include "local/run/instances.hpp"

namespace lambdapool::local::run {

struct RunOptions {
  std::filesystem::path home;
  InstancesOptions instances;
  AdmissionOptions admission = {};
  std::string token = {};  // "": any bearer token is accepted
  std::function<void(const std::string&)> log = {};
  std::function<std::chrono::system_clock::time_point()> clock = [] {
    return std::chrono::system_clock::now();
  };
};

bool is_for_run(const http::Request& head);

class RunService {
 public:
  RunService(http::EventLoop& loop, RunOptions options);
  ~RunService();  // not on the loop's thread; no request may arrive any more

  // For requests of which is_for_run() is true; on the loop's thread, in this order.
  std::optional<http::Response> screen(const http::Request& head, const http::Caller& caller);
  void handle(http::Request request, http::Responder responder);

  void set_url(std::string url);  // of the endpoint that this stands behind: services' uris begin with it

  void pause();  // see ControlPlane
  void resume();
  void close_in_fork();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace lambdapool::local::run
