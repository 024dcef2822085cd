#include <iostream>
#include <mutex>

#include "cli/serve_keys.hpp"
#include "cli/terminal/progress.hpp"
#include "cli/verbs.hpp"
#include "local/service.hpp"

namespace lambdapool::cli {
namespace {

Result<void> validate(const Context& context, const ServeOptions& options) {
  const std::string target = context.options.target.value_or("local");
  if (target != "local" && target != "gcp-local")
    return fail(ErrorKind::invalid_argument,
                "serve serves the local Lambda and the local Cloud Run, so --target " + target +
                    " does not go with it.");
  if (context.options.profile)
    return fail(ErrorKind::invalid_argument, "serve uses no AWS account, so --profile does not go with it.");
  if (options.port < 0 || options.port > 65'535)
    return fail(ErrorKind::invalid_argument,
                "port must be between 0 and 65535, not " + std::to_string(options.port) + ".");
  for (const auto& host : options.hosts) {
    if (!local::is_host(host))
      return fail(ErrorKind::invalid_argument,
                  "--host takes a name such as host.docker.internal or NAME:PORT, not '" + host + "'.");
  }
  return {};
}

std::string who_is_let_in(const local::ServiceOptions& options) {
  std::string who = options.admission.any_user ? "EVERY user of this machine, who can run code as you"
                                               : "processes of this user only";
  if (options.identity) who += ", with this key";
  return who;
}

void announce(const local::Service& service, const local::ServiceOptions& options,
              const std::optional<RequiredKey>& key) {
  const std::string url = service.endpoint().url();
  say("lambdapool: serving the local Lambda at " + url + " (home: " + options.home.string() + ")");
  say("Limits: " + service.isolation());
  say("Lets in: " + who_is_let_in(options));
  say(key ? "Point any AWS client at it with:" : "Point any AWS client at it with (any keys will do):");
  say("  export AWS_ENDPOINT_URL_LAMBDA=" + url);
  say("  export AWS_ENDPOINT_URL_S3=" + url);
  say("  export AWS_ENDPOINT_URL_IAM=" + url);
  say("  export AWS_ENDPOINT_URL_STS=" + url);
  say("  export AWS_ENDPOINT_URL_CLOUDWATCH_LOGS=" + url);
  // A key of the user's own is not shown: they have it, and who reads our output may not.
  if (!key || key->made_here) {
    const sigv4::Identity shown = key ? key->identity : sigv4::Identity{"local", "local"};
    say("  export AWS_ACCESS_KEY_ID=" + shown.access_key_id);
    say("  export AWS_SECRET_ACCESS_KEY=" + shown.secret_access_key);
  }
  say("  export AWS_DEFAULT_REGION=" + options.region);
  say("  export AWS_REGION=" + options.region);
  say("Google's clients find the local Cloud Run, Storage and Logging there too, with " +
      std::string(key ? "that secret key as their token." : "any token."));
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
  const auto key = serve_keys(options, context.environment);
  if (!key) return tl::unexpected(key.error());
  if (*key) {
    service_options.identity = (*key)->identity;
    service_options.token = (*key)->identity.secret_access_key;
  }
  service_options.admission = {options.any_user, options.hosts};
  if (context.options.region) service_options.region = *context.options.region;
  service_options.environment = context.environment;
  service_options.warn = [&](const std::string& line) {
    const std::lock_guard hold(one_line_at_a_time);
    std::cerr << "lambdapool: " << line << std::endl;
  };
  if (options.verbose)
    service_options.log = [&](const std::string& line) {
      const std::lock_guard hold(one_line_at_a_time);
      std::cerr << line << std::endl;
    };
  const auto service = local::Service::start(service_options);
  if (!service) return tl::unexpected(service.error());
  announce(**service, service_options, *key);
  context.interruption.wait();
  return {};
}

}  // namespace lambdapool::cli
