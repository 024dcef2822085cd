// The connection to one service: signs, sends, blocks for the answer, and tries again as the AWS SDKs do.
#pragma once

#include <memory>
#include <string>

#include "aws/attempt.hpp"
#include "core/clock_skew.hpp"
#include "core/error.hpp"
#include "core/retry.hpp"
#include "core/sigv4.hpp"
#include "deploy/connection.hpp"
#include "deploy/events.hpp"
#include "deploy/local_home.hpp"
#include "deploy/stop_token.hpp"
#include "http/client.hpp"
#include "http/event_loop.hpp"
#include "http/message.hpp"
#include "target/target.hpp"

namespace lambdapool::deploy {

using cloud::Repeatable;

// An answer. One with status 5xx may have come before it, so that this one says what the first request did:
// "it exists already" may mean that we made it.
struct Reply : http::Response {
  bool is_second = false;
};

class Session {
 public:
  // To the connection's Lambda. The connection outlives it.
  static Result<std::unique_ptr<Session>> open(Connection& connection, const Events& events,
                                               const StopToken& stop);
  // To the connection's Cloud Run.
  static Result<std::unique_ptr<Session>> open_to_run(Connection& connection, const Events& events,
                                                      const StopToken& stop);
  // As open(), for what changes nothing: on local it leaves no home behind where there is none.
  static Result<std::unique_ptr<Session>> open_to_read(Connection& connection, const Events& events,
                                                       const StopToken& stop);
  // To another service (such as "logs") in the same place and with the same identity.
  static Result<std::unique_ptr<Session>> open_beside(const Session& lambda, const std::string& service);
  // To another endpoint of the same service.
  static std::unique_ptr<Session> open_at(const Session& other, http::Endpoint endpoint);

  // Any answer that is not to be tried again, also one that reports an error. Errors: network, timed_out,
  // protocol; cancelled when a stop is wanted (a request already on its way is waited for if not repeatable).
  Result<Reply> send(http::Request request, Repeatable repeatable);

  // From here on a wish to stop is only noted: what has begun, or has to be cleaned up, is brought to its
  // end.
  void see_through();

  // Answers may take so long, where they are those of invocations.
  void wait_at_most(std::chrono::seconds answer) { read_timeout_ = answer; }

  bool is_seen_through() const { return see_through_; }

  // Waits; Error kind cancelled when a wish to stop ends the wait.
  Result<void> pause(std::chrono::milliseconds delay) const;

  // Error kind cancelled, "interrupted: nothing was changed", once a stop is wanted.
  Result<void> check_unchanged() const { return stop_.check("nothing was changed"); }

  void tell(Event event) const {
    if (events_) events_(event);
  }
  void tell(Event::Kind kind, std::string text = {}) const { tell(Event{kind, std::move(text)}); }

  bool is_local() const { return target_.name == "local"; }
  const target::Target& target() const { return target_; }
  Connection& connection() const { return connection_; }
  const Events& events() const { return events_; }
  const StopToken& stop() const { return stop_; }

 private:
  Session(Connection& connection, target::Target target, sigv4::Scope scope, Events events, StopToken stop);
  static Result<std::unique_ptr<Session>> make(Connection& connection, target::Target target,
                                               sigv4::Scope scope, const Events& events,
                                               const StopToken& stop);
  bool is_given_up() const;  // a wish has come that ends what is being done
  http::Answer send_once(http::Request& request, Repeatable repeatable, const identity::Snapshot& identity);
  Result<identity::Snapshot> renew(const identity::Snapshot& stale);
  Result<void> renew_token();  // of Google, that was sent last

  std::unique_ptr<LocalHome> home_;  // outlives the service that the target keeps
  Connection& connection_;
  target::Target target_;
  sigv4::Scope scope_;
  Events events_;
  StopToken stop_;
  retry::Budget budget_;
  identity::Tokens::Snapshot token_ = {};  // likewise
  clock_skew::Offset clock_offset_{};      // from this machine's clock to the service's
  bool see_through_ = false;
  std::chrono::seconds read_timeout_{60};
  bool cleans_up_ = false;  // seen through because of a wish to stop, which needs no further word
  std::unique_ptr<http::EventLoop> loop_;
  std::unique_ptr<http::Client> client_;
};

// Sends what may be sent twice, and reads the answer.
template <class T>
Result<T> call(Session& session, http::Request request, Result<T> (*parse)(const http::Response&)) {
  const auto answer = session.send(std::move(request), Repeatable::yes);
  if (!answer) return tl::unexpected(answer.error());
  return parse(*answer);
}

}  // namespace lambdapool::deploy
