#include "pool/engine_options.hpp"

#include <cstdio>
#include <utility>

namespace lambdapool::pool {
namespace {

constexpr int workers_max = 10'000;
constexpr int retries_usual = 2;  // three attempts, as the SDKs make
constexpr int retries_max = 100;

}  // namespace

int retries_of(const EngineOptions& options) {
  return options.idempotent ? options.retries.value_or(retries_usual) : 0;
}

Window::Patience patience_of(const EngineOptions& options) {
  return {.throttle_deadline = options.throttle_deadline,
          .network_deadline = options.network_deadline,
          .retries = retries_of(options),
          .outlasts_outage = options.idempotent && !options.retries,
          .early_for = options.early_for};
}

void warn_on_stderr(const std::string& warning) {
  std::fprintf(stderr, "lambdapool: %s\n", warning.c_str());  // one call: no other thread's line in between
}

Result<void> validate(const EngineOptions& options) {
  if (options.workers < 1 || options.workers > workers_max)
    return fail(ErrorKind::invalid_argument, "a pool has 1 to " + std::to_string(workers_max) +
                                                 " workers, not " + std::to_string(options.workers));
  if (options.function_timeout.value_or(std::chrono::seconds(1)) < std::chrono::seconds(1) ||
      options.throttle_deadline.count() < 0)
    return fail(ErrorKind::invalid_argument,
                "function_timeout must be a second or more, and throttle_timeout not less than none");
  if (options.network_deadline.count() < 0)
    return fail(ErrorKind::invalid_argument, "network_timeout must not be less than none");
  if (options.retries && !options.idempotent)
    return fail(
        ErrorKind::invalid_argument,
        "retries says how often a call that may have run is sent again, which does no harm only where "
        "the function is idempotent: say so too (idempotent), or leave retries out");
  if (const int retries = retries_of(options); retries < 0 || retries > retries_max)
    return fail(ErrorKind::invalid_argument,
                "retries is 0 to " + std::to_string(retries_max) + ", not " + std::to_string(retries));
  return {};
}

http::ClientOptions client_options(const cloud::Route& route, const EngineOptions& options,
                                   std::shared_ptr<http::InProcess> in_process) {
  http::ClientOptions made;
  made.endpoint = route.endpoint;
  made.max_connections = static_cast<std::size_t>(options.workers);
  made.ca_bundle = route.ca_bundle;
  made.proxies = route.proxies;
  made.in_process = std::move(in_process);
  return made;
}

}  // namespace lambdapool::pool
