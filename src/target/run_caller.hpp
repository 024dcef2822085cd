// Calls to one function on Cloud Run: tasks go to its own address, as HTTP workers take them
// (docs/protocol.md).
#pragma once

#include <string>

#include "cloud/caller.hpp"
#include "target/target.hpp"

namespace lambdapool::target {

class RunCaller final : public cloud::Caller {
 public:
  // `function`: its name, or NAME:TAG for what a tag of its service has. On gcp the service is asked for its
  // address, and a token is got for it. Errors: invalid_argument (that
  // cannot be a function there), not_found, access_denied, credentials, and those of the network.
  static Result<std::unique_ptr<cloud::Caller>> open(const Target& target, const std::string& function);

  const cloud::Route& route() const override { return route_; }
  const cloud::CallLimits& limits() const override;
  std::string name() const override { return function_; }

  // Not asked for: a pool calls one version, which has an address of its own.
  void address(http::Request&, const std::string&) const override { LAMBDAPOOL_CHECK(false); }
  void stream(http::Request& request, Ahead ahead) const override;
  void ask_for_output() override;
  void stream_no_more(http::Request&) const override { LAMBDAPOOL_CHECK(false); }  // nobody refuses
  cloud::Signature sign_early(http::Request& request) const override;
  void sign(http::Request& request, cloud::Signature& signature) override;
  void correct_clock(clock_skew::Offset) override {}  // a token's time is its issuer's
  void renew(const cloud::Credential& stale, std::function<void(Result<void>)> then) override;

  bool is_outcome(const http::Response& response) const override;
  std::variant<cloud::Invoked, cloud::Failure> judge(http::Response response) const override;
  cloud::Failure judge(http::TransportError failure) const override;
  std::optional<report::Invocation> reported_in(std::string_view log) const override;  // its worker's report

  cloud::Throttle throttle_of(const Error&) const override { return cloud::Throttle::concurrency; }
  std::string explain_throttle(const Error& refusal) const override;

 private:
  struct Place {
    http::Endpoint endpoint;
    std::string path;
    std::shared_ptr<identity::Tokens> tokens;
  };
  struct Called {
    std::string function;  // as it was named
    std::string service;
    std::string tag;  // "": whatever gets the service's requests
  };
  static Result<Place> find(const Target& target, const Called& called);
  RunCaller(const Target& target, std::string function, Place place);
  void complete(http::Request& request) const;
  cloud::Failure refused(const http::Response& response) const;

  const std::string function_;
  const std::string place_;
  const std::string let_call_;  // a command
  const cloud::Route route_;
  const std::shared_ptr<identity::Tokens> tokens_;
  http::Request prototype_;  // of every call, without its payload
};

}  // namespace lambdapool::target
