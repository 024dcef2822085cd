// The connection to one service: signs, sends, blocks for the answer, and tries again as the AWS SDKs do.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "aws/attempt.hpp"
#include "cli/local_home.hpp"
#include "cli/options.hpp"
#include "cli/verbs.hpp"
#include "core/clock_skew.hpp"
#include "core/error.hpp"
#include "core/retry.hpp"
#include "core/sigv4.hpp"
#include "http/client.hpp"
#include "http/event_loop.hpp"
#include "http/message.hpp"
#include "target/target.hpp"

namespace lambdapool::cli {

using aws::Repeatable;

// An answer. One with status 5xx may have come before it, so that this one says what the first request did:
// "it exists already" may mean that we made it.
struct Reply : http::Response {
  bool is_second = false;
};

// Held over several sessions it makes one of their identities and local services: a one-time code is asked
// for once.
using SharedTarget = std::optional<target::Target>;

class Session {
 public:
  // To the Lambda of the target that the options and the environment name.
  static Result<std::unique_ptr<Session>> open(const Context& context);
  // The same for what changes nothing: on local it leaves no home behind where there is none.
  static Result<std::unique_ptr<Session>> open_to_read(const Context& context);
  // To another service (such as "logs") in the same place and with the same identity.
  static Result<std::unique_ptr<Session>> open_beside(const Session& lambda, const std::string& service);
  Session(const Context& context, target::Target target, sigv4::Scope scope);

  // Any answer that is not to be tried again, also one that reports an error. Errors: network, timed_out,
  // protocol; cancelled when a signal came (a request already on its way is waited for if not repeatable).
  Result<Reply> send(const http::Request& request, Repeatable repeatable);

  // From here on signals are only noted: what has begun, or has to be cleaned up, is brought to its end.
  void see_through();

  // Waits; Error kind cancelled when a signal ends the wait.
  Result<void> pause(std::chrono::milliseconds delay) const;

  bool is_local() const { return target_.name == "local"; }
  const target::Target& target() const { return target_; }
  const Context& context() const { return context_; }

 private:
  static Result<std::unique_ptr<Session>> open(const Context& context, std::unique_ptr<LocalHome> home);
  bool is_given_up() const;  // a signal has come that ends what is being done
  http::Answer send_once(http::Request request, Repeatable repeatable, const identity::Snapshot& identity);
  Result<identity::Snapshot> renew(const identity::Snapshot& stale);

  std::unique_ptr<LocalHome> home_;  // outlives the service that the target keeps
  Context context_;
  target::Target target_;
  sigv4::Scope scope_;
  retry::Budget budget_;
  clock_skew::Offset clock_offset_{};  // from this machine's clock to the service's
  bool see_through_ = false;
  bool cleans_up_ = false;  // seen through because of a signal, which needs no further word
  std::unique_ptr<http::EventLoop> loop_;
  std::unique_ptr<http::Client> client_;
};

// Sends what may be sent twice, and reads the answer.
template <class T>
Result<T> call(Session& session, const http::Request& request, Result<T> (*parse)(const http::Response&)) {
  const auto answer = session.send(request, Repeatable::yes);
  if (!answer) return tl::unexpected(answer.error());
  return parse(*answer);
}

}  // namespace lambdapool::cli
