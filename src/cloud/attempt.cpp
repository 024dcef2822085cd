#include "cloud/attempt.hpp"

#include <utility>

namespace lambdapool::cloud {

using Kind = Failure::Kind;

bool is_of_network(const Failure& failure) {
  return failure.kind == Kind::not_reached ||
         (failure.kind == Kind::may_have_run && failure.error.kind == ErrorKind::network &&
          failure.error.http_status == 0);
}

Step Attempts::failed(Failure failure, const Signing& signing, const Patience& patience) {
  switch (failure.kind) {
    case Kind::expired_token:
      if (!std::exchange(renewed_, true)) return RenewCredentials{};
      break;
    case Kind::wrong_time:
      if (const auto offset =
              clock_skew::correction(failure.error, failure.date, signing.now, signing.offset);
          offset && !std::exchange(corrected_, true))
        return CorrectClock{*offset};
      break;
    case Kind::throttled:
    case Kind::not_reached:
    case Kind::may_have_run:
      if (const auto delay = patience(failure)) return Wait{*delay};
      break;
    case Kind::final:
    case Kind::ran:
      break;
  }
  return GiveUp{std::move(failure.error)};
}

}  // namespace lambdapool::cloud
