// What is to be done about a call that came back without a value: a judgement of what the transport or the
// service said, without clock or sockets. The one question that matters is whether the function may have run.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "core/error.hpp"
#include "http/client.hpp"
#include "pool/window.hpp"

namespace lambdapool::pool {

struct Failure {
  enum class Kind {
    final,          // it ran, or never can
    ran,            // it may have run, and sent again its answer would be as useless
    expired_token,  // refused: send it again with new credentials
    wrong_time,     // refused: send it again with the time that `date` says, if that helps
    throttled,      // refused: send it again later
    not_reached,    // not sent: try again until the network is back
    may_have_run,   // send it again only where running twice does no harm
  };
  Kind kind = Kind::final;
  Error error = {};
  Window::Throttle reason = Window::Throttle::concurrency;    // of throttled
  std::optional<std::chrono::milliseconds> retry_after = {};  // of throttled, where the service says so
  std::string date = {};                                      // of wrong_time
};

// Whether the network is to blame, rather than an answer.
bool is_of_network(const Failure& failure);

// No answer, or not all of it.
Failure judge(http::TransportError failure);

// An answer other than a value. `headers`: of the answer.
Failure judge(Error error, const http::Headers& headers);

}  // namespace lambdapool::pool
