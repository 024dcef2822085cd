#include <iostream>
#include <mutex>

#include "cli/progress.hpp"
#include "cli/verbs.hpp"
#include "core/random.hpp"
#include "local/service.hpp"

namespace lambdapool::cli {
namespace {

Result<void> validate(const Context& context, const ServeOptions& options) {
  if (context.connection.target == "aws")
    return fail(ErrorKind::invalid_argument,
                "serve serves the local Lambda, so --target aws does not go with it.");
  if (context.connection.profile)
    return fail(ErrorKind::invalid_argument, "serve uses no AWS account, so --profile does not go with it.");
  if (options.port < 0 || options.port > 65'535)
    return fail(ErrorKind::invalid_argument,
                "port must be between 0 and 65535, not " + std::to_string(options.port) + ".");
  if (options.access_key_id.has_value() != options.secret_access_key.has_value())
    return fail(ErrorKind::invalid_argument, "--access-key-id and --secret-access-key go together.");
  return {};
}

// The one identity that is let in, or nullopt for any.
std::optional<sigv4::Identity> identity(const ServeOptions& options) {
  if (options.access_key_id) return sigv4::Identity{*options.access_key_id, *options.secret_access_key};
  if (options.require_signature) return sigv4::Identity{"AKIALOCAL" + random_hex(6), random_hex(20)};
  return std::nullopt;
}

void announce(const local::Service& service, const local::ServiceOptions& options) {
  const std::string url = service.endpoint().url();
  const sigv4::Identity keys = options.identity.value_or(sigv4::Identity{"local", "local"});
  say("lambdapool: serving the local Lambda at " + url + " (home: " + options.home.string() + ")");
  say("Limits: " + service.isolation());
  say(options.identity ? "Point any AWS client at it with:"
                       : "Point any AWS client at it with (any keys will do):");
  say("  export AWS_ENDPOINT_URL_LAMBDA=" + url);
  say("  export AWS_ACCESS_KEY_ID=" + keys.access_key_id);
  say("  export AWS_SECRET_ACCESS_KEY=" + keys.secret_access_key);
  say("  export AWS_DEFAULT_REGION=" + options.region);
  say("  export AWS_REGION=" + options.region);
  say("Stop it with Ctrl-C.");
}

}  // namespace

Result<void> serve(const Context& context, const ServeOptions& options) {
  if (auto valid = validate(context, options); !valid) return valid;
  std::mutex one_line_at_a_time;
  local::ServiceOptions service_options;
  auto home = local::default_home(context.environment);
  if (!home) return tl::unexpected(home.error());
  service_options.home = std::move(*home);
  service_options.port = static_cast<std::uint16_t>(options.port);
  service_options.identity = identity(options);
  if (context.connection.region) service_options.region = *context.connection.region;
  service_options.environment = context.environment;
  if (options.verbose)
    service_options.log = [&](const std::string& line) {
      const std::lock_guard hold(one_line_at_a_time);
      std::cerr << line << std::endl;
    };
  const auto service = local::Service::start(service_options);
  if (!service) return tl::unexpected(service.error());
  announce(**service, service_options);
  context.interruption.wait();
  return {};
}

}  // namespace lambdapool::cli
