// How a call that ends without a value is told of. Whoever reads it must know whether the function may have
// run, and by which name the logs know the call.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "cloud/caller.hpp"
#include "core/error.hpp"

namespace lambdapool::pool {

// `lost`: so many of the call's requests may have reached the function.
Error cancelled(int lost = 0);

Error too_large(std::size_t payload_bytes, const cloud::CallLimits& limits);
// Even compressed.
Error too_large_to_encode(std::size_t plain_bytes, const cloud::CallLimits& limits);

// Adds what `lost` requests mean, and the request id. `retries`: how many the caller has allowed.
void tell_of_loss(Error& error, int lost, int retries);

// Of a call that was throttled for `deadline`, and the way around it.
void tell_of_deadline(Error& error, std::chrono::milliseconds deadline, const std::string& way_around);

// Of a call that did not reach the service for `deadline`.
void tell_of_outage(Error& error, std::chrono::milliseconds deadline);

// While calls wait for the network.
std::string warning_of_outage(std::chrono::seconds lasts, const std::string& why, std::size_t calls,
                              std::chrono::milliseconds deadline);

}  // namespace lambdapool::pool
