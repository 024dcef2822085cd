#include "aws/lambda/refusal.hpp"

#include "aws/lambda/function_name.hpp"

namespace lambdapool::aws {
namespace {

std::string missing(const FunctionName& function, const std::string& where) {
  if (!function.qualifier.empty() && function.qualifier != "$LATEST")
    return "there is no version or alias " + function.qualifier + " of a function " + function.name + " " +
           where;
  return "there is no function " + function.name + " " + where + "; `lambdapool create " + function.name +
         " PATHS` makes it, and `lambdapool list` shows those that are there";
}

std::string place(const std::string& target, const std::string& region) {
  return target == "local" ? "on the target local" : "in " + region;
}

}  // namespace

// TooManyRequestsException has a Reason; what comes without one is a limit on requests a second, as the
// general ThrottlingException is. Other refusals (a network interface that is not ready) are of capacity.
cloud::Throttle throttle_of(const Error& error) {
  if (error.reason.ends_with("RateLimitExceeded")) return cloud::Throttle::rate;
  if (error.reason.ends_with("LimitExceeded")) return cloud::Throttle::concurrency;
  return error.kind == ErrorKind::throttled ? cloud::Throttle::rate : cloud::Throttle::concurrency;
}

void explain_refusal(Error& error, const std::string& function, const std::string& target,
                     const std::string& region) {
  const auto parsed = parse_function_name(function);
  if (!parsed || error.http_status < 400) return;
  if (error.kind == ErrorKind::not_found && error.code == "ResourceNotFoundException") {
    error.message = missing(*parsed, place(target, region)) + " (the service says: " + error.message + ")";
  }
  const bool names_action = error.message.find("lambda:") != std::string::npos;
  if (error.kind == ErrorKind::access_denied && error.http_status == 403 && !names_action)
    error.message += "; a pool needs lambda:InvokeFunction, and `lambdapool policy invoke " + parsed->name +
                     "` prints the policy that grants it";
}

std::string explain_throttle(const Error& error, const std::string& function, const std::string& target,
                             const std::string& region) {
  // ThrottleReason of Lambda's API.
  const auto parsed = parse_function_name(function);
  const std::string name = parsed ? parsed->name : function;
  const std::string where = place(target, region);
  const std::string slower = "use fewer workers, or larger chunks";
  const std::string reserve = "`lambdapool update " + name + " --concurrency N` reserves more, and none " +
                              "lets it share the account's";
  if (error.reason == "ReservedFunctionConcurrentInvocationLimitExceeded")
    return "the concurrency that is reserved for " + name + " " + where + " is 0 or in use; " + reserve;
  if (error.reason == "ReservedFunctionInvocationRateLimitExceeded")
    return "the concurrency that is reserved for " + name + " " + where + " allows no more calls a second; " +
           slower + ", or " + reserve;
  if (error.reason == "ConcurrentInvocationLimitExceeded")
    return "the account's concurrency " + where + " is in use; use fewer workers, or " +
           (target == "local" ? "wait for what else runs there" : "raise the account's quota");
  if (error.reason == "FunctionInvocationRateLimitExceeded")
    return name + " " + where + " may not be called more often a second; " + slower;
  if (error.reason == "CallerRateLimitExceeded")
    return "the account makes more requests a second than it may " + where + "; " + slower;
  return "use fewer workers, or raise the concurrency limit " + where;
}

}  // namespace lambdapool::aws
