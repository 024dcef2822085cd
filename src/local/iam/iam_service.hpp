// The local IAM and STS, as far as tools that deploy functions ask for them; and the refusal of other
// services that speak the same protocol.
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
#include "local/store/database_pool.hpp"
#include "local/work_threads.hpp"

namespace lambdapool::local {

struct IamOptions {
  std::filesystem::path home;
  std::optional<sigv4::Identity> identity = {};
  AdmissionOptions admission = {};
  std::string region = "us-east-1";
  std::function<void(const std::string& line)> log = {};  // of each request; from any thread
  std::function<std::chrono::system_clock::time_point()> clock = [] {
    return std::chrono::system_clock::now();
  };
};

// A form for "/", as IAM, STS, CloudFormation, EC2 and others take them.
bool is_query_call(const http::Request& head);

class IamService {
 public:
  explicit IamService(IamOptions options);

  // For requests of which is_query_call() is true; on the loop's thread, in this order.
  std::optional<http::Response> screen(const http::Request& head, const http::Caller& caller) const;
  void handle(http::Request request, http::Responder responder);

  void pause() { threads_.pause(); }  // see ControlPlane
  void resume() { threads_.resume(); }
  void disconnect() { databases_.disconnect(); }

 private:
  struct Check {
    std::string service;
    std::string region;
    SignatureCheck signature;
  };
  Answer answer(const http::Request& request);
  Answer run(const std::string& service, const std::string& form);
  std::size_t check_of(const http::Request& head) const;
  void log(const std::string& what, const http::Response& response) const;

  const IamOptions options_;
  const Admission admission_;
  std::vector<Check> checks_;
  DatabasePool databases_;
  WorkThreads threads_{1};
};

}  // namespace lambdapool::local
