// Calls to one function of AWS Lambda or of the local one: signed, and judged as Lambda answers.
#pragma once

#include <atomic>
#include <optional>
#include <string>

#include "aws/signed_request.hpp"
#include "cloud/caller.hpp"
#include "core/clock_skew.hpp"
#include "core/sigv4.hpp"
#include "identity/provider.hpp"
#include "target/target.hpp"

namespace lambdapool::target {

class LambdaCaller final : public cloud::Caller {
 public:
  // `function`: a name, name:qualifier or ARN. Error kind invalid_argument where it is none of them.
  static Result<std::unique_ptr<cloud::Caller>> open(const Target& target, const std::string& function);

  const cloud::Route& route() const override { return route_; }
  const cloud::CallLimits& limits() const override;
  std::string name() const override { return name_; }

  void address(http::Request& request, const std::string& variant) const override;
  void stream(http::Request& request, Ahead ahead) const override;
  void ask_for_output() override;
  void stream_no_more(http::Request& request) const override;
  cloud::Signature sign_early(http::Request& request) const override;
  void sign(http::Request& request, cloud::Signature& signature) override;
  void correct_clock(clock_skew::Offset offset) override { clock_offset_ = offset; }
  void renew(const cloud::Credential& stale, std::function<void(Result<void>)> then) override;

  bool is_outcome(const http::Response& response) const override;
  std::variant<cloud::Invoked, cloud::Failure> judge(http::Response response) const override;
  cloud::Failure judge(http::TransportError failure) const override;
  std::optional<report::Invocation> reported_in(std::string_view log) const override;

  cloud::Throttle throttle_of(const Error& refusal) const override;
  std::string explain_throttle(const Error& refusal) const override;

 private:
  LambdaCaller(const Target& target, std::string function, std::string name);
  void complete(http::Request& request) const;

  const std::string function_;
  const std::string name_;
  const std::string target_name_;
  const std::string region_;
  const bool signs_;  // a service of this process asks for none
  const cloud::Route route_;
  const std::shared_ptr<identity::Provider> provider_;
  const sigv4::Scope scope_;
  const std::string host_;
  http::Request prototype_;  // of every call, without its payload
  const std::string streaming_target_;
  identity::Snapshot newest_;  // on the I/O thread, as is its signer
  sigv4::Signer signer_;
  std::optional<aws::Repeated> plain_, streaming_;  // likewise: calls that are not addressed
  std::atomic<clock_skew::Offset> clock_offset_{};  // from this machine's clock to the service's
};

}  // namespace lambdapool::target
