// What to do after an attempt at a call that brought no value: one decision for every call to every cloud.
// What the answer was, is each cloud's own judgement (aws/attempt.hpp is AWS's). No clock, sockets or random
// source.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <variant>

#include "core/clock_skew.hpp"
#include "core/error.hpp"

namespace lambdapool::cloud {

// An attempt that brought no value.
struct Failure {
  enum class Kind {
    final,          // it was done, or never can be
    ran,            // it may have been done, and sent again its answer would be as useless
    expired_token,  // refused: send it again with new credentials
    wrong_time,     // refused: send it again with the time that `date` says, if that helps
    throttled,      // refused: send it again later
    not_reached,    // not sent: try again until the network is back
    may_have_run,   // send it again only where doing it twice does no harm
  };
  Kind kind = Kind::final;
  Error error = {};
  std::optional<std::chrono::milliseconds> retry_after = {};  // where the service says so
  std::string date = {};                                      // of wrong_time
};

// Whether the network is to blame, rather than an answer.
bool is_of_network(const Failure& failure);

// What an attempt was signed with, and when it is judged.
struct Signing {
  clock_skew::Offset offset = {};
  clock_skew::Time now = {};
};

struct RenewCredentials {};  // and send it again; if there are no newer ones, their error ends the call
struct CorrectClock {
  clock_skew::Offset offset;  // sign with it from now on, and send it again
};
struct SendAgain {};  // in another way
struct Wait {
  std::chrono::milliseconds delay;  // and send it again
};
struct GiveUp {
  Error error;
};
using Step = std::variant<RenewCredentials, CorrectClock, SendAgain, Wait, GiveUp>;

// One call's attempts. New credentials and another time are tried once each: what is refused with them too,
// is refused.
class Attempts {
 public:
  // How long to wait after a failure of kind throttled, not_reached or may_have_run; nullopt: no longer, and
  // the error may have got words on why.
  using Patience = std::function<std::optional<std::chrono::milliseconds>(Failure&)>;

  Step failed(Failure failure, const Signing& signing, const Patience& patience);

 private:
  bool renewed_ = false;
  bool corrected_ = false;
};

// Whether doing it twice is as good as once. If not, a request that got no answer, though it may have
// arrived, is not sent again.
enum class Repeatable { no, yes };

}  // namespace lambdapool::cloud
