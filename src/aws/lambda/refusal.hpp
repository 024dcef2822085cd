// What a service's refusal of an Invoke means to who called a pool, and the way to mend it.
#pragma once

#include <string>

#include "cloud/caller.hpp"
#include "core/error.hpp"

namespace lambdapool::aws {

// `target`: "aws" or "local". Errors that say it all already stay as they are.
void explain_refusal(Error& error, const std::string& function, const std::string& target,
                     const std::string& region);

// What there is too much of, by a refusal that something waits for: calls at a time, or calls a second.
cloud::Throttle throttle_of(const Error& error);

// To whoever's call was throttled to the deadline: which limit it was, where, and the way around it.
std::string explain_throttle(const Error& error, const std::string& function, const std::string& target,
                             const std::string& region);

}  // namespace lambdapool::aws
