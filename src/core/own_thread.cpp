#include "core/own_thread.hpp"

#include <utility>

#include "core/signals_blocked.hpp"

namespace lambdapool {

std::thread start_own_thread(std::function<void()> work) {
  const SignalsBlocked blocked;
  try {
    return std::thread(std::move(work));
  } catch (const std::system_error& failure) {
    throw NoThread(failure.code());
  }
}

}  // namespace lambdapool
