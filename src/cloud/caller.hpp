// One function of one cloud, as a pool calls it: how a call's bytes become a request, what the answer means,
// and the limits there. All that the pool's engine knows of a cloud; target/open_caller.hpp has one for each.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "cloud/attempt.hpp"
#include "core/clock_skew.hpp"
#include "core/error.hpp"
#include "http/answer.hpp"
#include "http/message.hpp"
#include "http/proxy.hpp"
#include "report/invocation.hpp"

namespace lambdapool::cloud {

struct Invoked {
  std::string payload;
  std::string request_id;
  std::string log_tail_base64;  // as it came; decoded only by who needs it
};

struct CallLimits {
  std::size_t request_bytes_max;     // of a call's payload
  std::chrono::seconds timeout_max;  // that a function can have
  std::string service;               // whose limits they are: "Lambda"
  std::string way_out;               // what somebody does whose data is larger
  // Of a body that goes as it is (envelope::encode_raw); 0: calls are JSON.
  std::size_t raw_body_bytes_max = 0;

  // How what workers tell ahead of their answers arrives (pool/early_parts.hpp): not at all, beside the
  // answer (http::Request::ahead), or in it (Caller::stream), as another call than others are, which a
  // service may not have (streamed), or as every call is (accepted).
  enum class Early { none, beside, streamed, accepted };
  Early early = Early::none;

  // A result that does not fit an answer has only the stream where there is no store.
  bool streams_for_size(bool has_store) const { return early == Early::streamed && !has_store; }
  bool takes_raw(std::size_t body) const { return raw_body_bytes_max != 0 && body <= raw_body_bytes_max; }
};

// Where calls go, and how.
struct Route {
  http::Endpoint endpoint;
  std::string ca_bundle = {};  // a PEM file; "" means the system's authorities
  http::ProxySettings proxies = {};
};

// As whom a request has been signed; known to the caller that signed it alone.
using Credential = std::shared_ptr<const void>;

// With what a request has been signed.
struct Signature {
  std::chrono::system_clock::time_point at = {};  // of a large payload
  Credential as = {};
  clock_skew::Offset with = {};
};

// What there is too much of, by a refusal that something waits for: calls at a time, or calls a second.
enum class Throttle { concurrency, rate };

class Caller {
 public:
  virtual ~Caller() = default;

  virtual const Route& route() const = 0;
  virtual const CallLimits& limits() const = 0;
  virtual std::string name() const = 0;  // of the function, as the commands know it

  // A request that has only its body gets everything else but a signature, and goes to another variant of the
  // function: another version of the same code. From any thread.
  virtual void address(http::Request& request, const std::string& variant) const = 0;

  // Where early outcomes are streamed: the answer to a request that has only its body, or is addressed, is
  // read as it comes, and `ahead` gets what comes before it: of each attempt first "". From any thread.
  using Ahead = std::function<void(std::string_view piece)>;
  static void nothing_ahead(std::string_view) {}  // an Ahead: of an answer that is read so for another reason
  virtual void stream(http::Request& request, Ahead ahead) const = 0;
  // From now on calls ask for what their tasks print, too, in the same way. Before the first of them.
  virtual void ask_for_output() = 0;
  // As if that had not been, because the service has no such way. It is to be signed anew.
  virtual void stream_no_more(http::Request& request) const = 0;

  // A request that has only its body gets everything else. From any thread.
  virtual Signature sign_early(http::Request& request) const = 0;
  // The same on the I/O thread, where a signature that is still good is kept.
  virtual void sign(http::Request& request, Signature& signature) = 0;
  // What is signed from now on has this machine's time plus `offset`.
  virtual void correct_clock(clock_skew::Offset offset) = 0;
  // The service has refused `stale` as expired. `then` runs once, here or on another thread: there is
  // something newer now, or the reason why there is nothing.
  virtual void renew(const Credential& stale, std::function<void(Result<void>)> then) = 0;

  // Whether the answer is the function's own, which has to repeat its call's echo.
  virtual bool is_outcome(const http::Response& response) const = 0;
  virtual std::variant<Invoked, Failure> judge(http::Response response) const = 0;
  virtual Failure judge(http::TransportError failure) const = 0;  // no answer, or not all of it
  // What the platform reports of an invocation at the end of its log, of which there may be only the last
  // part.
  virtual std::optional<report::Invocation> reported_in(std::string_view log) const = 0;

  virtual Throttle throttle_of(const Error& refusal) const = 0;
  // To whoever's call was throttled to the deadline: which limit it was, where, and the way around it.
  virtual std::string explain_throttle(const Error& refusal) const = 0;
};

}  // namespace lambdapool::cloud
