// STS, as far as deploy tools ask it: who calls, and credentials of a role.
#pragma once

#include <chrono>

#include "local/iam/query_call.hpp"
#include "local/store/database.hpp"

namespace lambdapool::local {

enum class AnyKeys { yes, no };  // whether the service lets in whoever signs, or its own key alone

Answer answer_sts_call(Database& database, const QueryCall& call, AnyKeys let_in,
                       std::chrono::system_clock::time_point now);

}  // namespace lambdapool::local
