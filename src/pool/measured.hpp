// What the engine tells of a call that has ended, beside its outcome.
#pragma once

#include <cstdint>
#include <optional>

#include "cloud/caller.hpp"
#include "core/error.hpp"
#include "report/call.hpp"

namespace lambdapool::pool {

// As what it counts where its call is sent again. Null: as nothing.
std::uint32_t report::Retries::*retry_of(const cloud::Failure& failure, const cloud::Caller& caller);

// What the platform reported of it.
std::optional<report::Invocation> reported(const Result<cloud::Invoked>& result, const cloud::Caller& caller);

}  // namespace lambdapool::pool
