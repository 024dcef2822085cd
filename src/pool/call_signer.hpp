// Makes requests to the function and signs them: with the newest credentials, and with the time that the
// service has, which need not be this machine's.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "core/clock_skew.hpp"
#include "core/sigv4.hpp"
#include "http/message.hpp"
#include "identity/provider.hpp"
#include "target/target.hpp"

namespace lambdapool::pool {

// With what a request has been signed.
struct Signature {
  std::chrono::system_clock::time_point at = {};  // of a large payload
  identity::Snapshot as = {};
  clock_skew::Offset with = {};
};

class CallSigner {
 public:
  // From here up, hashing a payload would hold up the other calls on the I/O thread.
  static constexpr std::size_t large_payload = 256 * 1'024;

  CallSigner(const target::Target& target, const std::string& function);

  // A request that has only its body gets everything else. From any thread.
  Signature sign_early(http::Request& request) const;

  // The same on the I/O thread, where a signature that is still good is kept.
  void sign(http::Request& request, Signature& signature);

  // What is signed from now on has this machine's time plus `offset`.
  void correct_clock(clock_skew::Offset offset) { clock_offset_ = offset; }

 private:
  void complete(http::Request& request) const;

  const std::shared_ptr<identity::Provider> provider_;
  const sigv4::Scope scope_;
  const std::string host_;
  http::Request prototype_;    // of every call, without its payload
  identity::Snapshot newest_;  // on the I/O thread, as is its signer
  sigv4::Signer signer_;
  std::atomic<clock_skew::Offset> clock_offset_{};  // from this machine's clock to the service's
};

}  // namespace lambdapool::pool
