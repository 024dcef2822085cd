// For tests: how long they wait for what has to happen. It only ends a hang.
#pragma once

#include <chrono>

namespace lambdapool::http {

inline constexpr auto patience = std::chrono::minutes(2);

}  // namespace lambdapool::http
