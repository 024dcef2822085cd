#include "pool/ending.hpp"

namespace lambdapool::pool {
namespace {

std::string words(std::chrono::milliseconds time) {
  return time < std::chrono::seconds(10) ? std::to_string(time.count()) + " ms"
                                         : std::to_string(time.count() / 1'000) + " s";
}

}  // namespace

Error cancelled(int lost) {
  if (lost == 0) return {ErrorKind::cancelled, "the call was cancelled before it was sent"};
  return {ErrorKind::cancelled, "the call was cancelled before it was sent again; the function may have run"};
}

Error too_large(std::size_t payload_bytes, const cloud::CallLimits& limits) {
  return {ErrorKind::payload_too_large, "the call's payload has " + std::to_string(payload_bytes) +
                                            " bytes as JSON and " + limits.service + " accepts at most " +
                                            std::to_string(limits.request_bytes_max) + "; " + limits.way_out};
}

Error too_large_to_encode(std::size_t plain_bytes, const cloud::CallLimits& limits) {
  return {ErrorKind::payload_too_large,
          "the function and its arguments have " + std::to_string(plain_bytes) +
              " bytes, more than fits the " + std::to_string(limits.request_bytes_max) + " bytes that " +
              limits.service + " accepts, compressed and then a third longer as base64; " + limits.way_out};
}

void tell_of_loss(Error& error, int lost, int retries) {
  if (lost > 0) error.message += "; the function may have run";
  if (lost > 0 && retries == 0) error.message += ", so the call was not sent again";
  if (lost > 1) error.message += ", up to " + std::to_string(lost) + " times";
  if (!error.request_id.empty()) error.message += " (request id " + error.request_id + ")";
}

void tell_of_deadline(Error& error, std::chrono::milliseconds deadline, const std::string& way_around) {
  error.message = "throttled for " + words(deadline) + " without a call getting through: " + error.message +
                  "; " + way_around;
}

void tell_of_outage(Error& error, std::chrono::milliseconds deadline) {
  if (deadline.count() == 0) return;
  error.message +=
      "; nothing reached the service for " + words(deadline) + " (network_timeout), so the call was given up";
}

std::string warning_of_outage(std::chrono::seconds lasts, const std::string& why, std::size_t calls,
                              std::chrono::milliseconds deadline) {
  return "nothing has reached the service for " + std::to_string(lasts.count()) + " s (" + why + "); " +
         std::to_string(calls) + (calls == 1 ? " call waits" : " calls wait") +
         " for it, until that has lasted for " + words(deadline) + " (network_timeout)";
}

}  // namespace lambdapool::pool
