// The local CloudWatch Logs, as far as it reads: its requests' way from the head to the answer, in AWS's
// JSON 1.1 protocol.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/sigv4.hpp"
#include "http/guard.hpp"
#include "http/server.hpp"
#include "local/control/admission.hpp"
#include "local/control/signature.hpp"
#include "local/logs/log_calls.hpp"
#include "local/work_threads.hpp"

namespace lambdapool::local {

struct LogsOptions {
  std::filesystem::path home;
  std::function<std::vector<LogGroup>()> groups;  // of the functions that there are; from any thread
  std::optional<sigv4::Identity> identity = {};
  AdmissionOptions admission = {};
  std::string region = "us-east-1";
  std::function<std::chrono::system_clock::time_point()> clock = [] {
    return std::chrono::system_clock::now();
  };
};

bool is_for_logs(const http::Request& head);

class LogsService {
 public:
  explicit LogsService(LogsOptions options);

  // For requests of which is_for_logs() is true; on the loop's thread, in this order.
  std::optional<http::Response> screen(const http::Request& head, const http::Caller& caller) const;
  void handle(http::Request request, http::Responder responder);

  void pause() { threads_.pause(); }  // see ControlPlane
  void resume() { threads_.resume(); }

 private:
  Answer answer(const http::Request& request);

  const LogsOptions options_;
  const Admission admission_;
  SignatureCheck signature_;
  WorkThreads threads_{1};
};

}  // namespace lambdapool::local
