#include "target/target.hpp"

#include <pthread.h>
#include <unistd.h>

#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "core/descriptor_limit.hpp"
#include "core/random.hpp"
#include "identity/source_fetcher.hpp"
#include "identity/terminal.hpp"
#include "local/service.hpp"
#include "target/identities.hpp"
#include "target/plain_http.hpp"

namespace lambdapool::target {
namespace {

constexpr std::size_t descriptors_of_a_pool = 12;  // its event loop, a connection or two, and credentials

// A running service and the identity that only this process knows.
struct Embedded {
  sigv4::Identity identity;
  std::string region;
  std::unique_ptr<local::Service> service;
  pid_t owner = ::getpid();  // a forked child's is its parent's
};

// With identities.cpp the only process-wide state in the project: pools of one process that name the same
// home share one service, so that they share its warm workers.
//
// A child after fork() shares it too, over the wire. One of its own for the same home would not do while its
// parent's is alive: SQLite keeps what it knows of a file's locks in memory, which the child has a copy of
// but not the locks, and the threads that held its mutexes are not there to let go of them.
class Registry {
 public:
  Result<std::shared_ptr<Embedded>> find_or_start(const std::filesystem::path& home,
                                                  const TargetOptions& options,
                                                  const Environment& environment) {
    std::lock_guard lock(mutex_);
    auto& entry = running_[home.string()];
    if (auto embedded = entry.lock()) {
      if (embedded->owner == ::getpid() || is_there(*embedded)) return embedded;
      return fail(
          ErrorKind::io,
          "this process was forked while its parent had pools of the target local, and shares their service, "
          "which has ended with them; make the parent's pools after the fork, or keep one of them");
    }
    auto started = start(home, options, environment);
    if (started) entry = *started;
    return started;
  }

  void before_fork() {
    mutex_.lock();
    for (const auto& [home, entry] : running_) {
      if (auto embedded = entry.lock()) forked_.push_back(std::move(embedded));
    }
    for (const auto& embedded : forked_) embedded->service->before_fork();
  }
  void after_fork_in_parent() {
    auto services = std::exchange(forked_, {});
    for (const auto& embedded : services) embedded->service->after_fork_in_parent();
    mutex_.unlock();
  }
  void after_fork_in_child() {
    for (const auto& embedded : forked_) embedded->service->after_fork_in_child();
    // Never to be destroyed: that would wait for threads that are the parent's.
    new std::vector(std::exchange(forked_, {}));
    mutex_.unlock();
  }

 private:
  // Its socket is removed when it ends.
  static bool is_there(const Embedded& embedded) {
    std::error_code ignored;
    return std::filesystem::exists(embedded.service->endpoint().path, ignored);
  }

  static Result<std::shared_ptr<Embedded>> start(const std::filesystem::path& home,
                                                 const TargetOptions& options,
                                                 const Environment& environment) {
    auto embedded = std::make_shared<Embedded>();
    embedded->identity = {.access_key_id = "LOCAL" + random_hex(8), .secret_access_key = random_hex(20)};
    embedded->region = aws::resolve_region(options.aws, environment).value_or("us-east-1");
    auto service = local::Service::start({.home = home,
                                          .identity = embedded->identity,
                                          .region = embedded->region,
                                          .environment = environment,
                                          .python = options.python});
    if (!service) return tl::unexpected(std::move(service.error()));
    embedded->service = std::move(*service);
    return embedded;
  }

  std::mutex mutex_;
  std::map<std::string, std::weak_ptr<Embedded>> running_;
  std::vector<std::shared_ptr<Embedded>> forked_;  // those that a fork under way has stopped
};

// Never destroyed: a pool that outlives main() may still look in here.
Registry& registry() {
  static Registry* const only = [] {
    static Registry* made = new Registry;
    ::pthread_atfork([] { made->before_fork(); }, [] { made->after_fork_in_parent(); },
                     [] { made->after_fork_in_child(); });
    return made;
  }();
  return *only;
}

Result<Target> resolve_local(const TargetOptions& options, const Environment& environment) {
  const auto named =
      options.home ? Result<std::filesystem::path>(*options.home) : local::default_home(environment);
  if (!named) return tl::unexpected(named.error());
  std::error_code unresolved;
  auto home = std::filesystem::weakly_canonical(*named, unresolved);
  if (unresolved) home = *named;
  auto embedded = registry().find_or_start(home, options, environment);
  if (!embedded) return tl::unexpected(std::move(embedded.error()));
  Target target;
  target.name = "local";
  target.endpoint = (*embedded)->service->endpoint();
  target.region = (*embedded)->region;
  target.provider = std::make_shared<identity::Provider>(
      aws::Credentials{.identity = (*embedded)->identity, .source = "the embedded local Lambda"});
  target.service = std::move(*embedded);
  return target;
}

Result<Target> resolve_aws(const TargetOptions& options, const Environment& environment) {
  auto settings = aws::resolve_client_settings(options.aws, environment);
  if (!settings) return tl::unexpected(std::move(settings.error()));
  identity::FetchOptions fetch;
  fetch.given = options.aws;
  fetch.environment = environment;
  fetch.connection.ca_bundle = settings->ca_bundle;
  fetch.connection.proxies = http::ProxySettings(environment.all());
  fetch.give_up = options.give_up;
  fetch.ask = [give_up = options.give_up](const std::string& question) {
    return identity::ask_on_terminal(question, give_up);
  };
  auto provider = find_or_open(fetch);
  if (!provider) return tl::unexpected(std::move(provider.error()));
  auto region = identity::SourceFetcher(fetch).region();
  if (!region) return tl::unexpected(std::move(region.error()));
  auto url = aws::resolve_endpoint_url(options.aws, environment, "lambda", *region);
  if (!url) return tl::unexpected(std::move(url.error()));
  auto endpoint = http::Endpoint::parse(*url);
  if (!endpoint) {
    return fail(ErrorKind::invalid_argument,
                "the Lambda endpoint '" + *url + "' is not a URL such as https://host:port");
  }
  auto proxy = fetch.connection.proxies.choose(*endpoint);
  if (!proxy) return tl::unexpected(std::move(proxy.error()));
  if (!options.allow_http && !is_plain_http_allowed(environment)) {
    if (auto safe = refuse_plain_http(*endpoint, *proxy); !safe)
      return tl::unexpected(std::move(safe.error()));
  }
  Target target;
  target.name = "aws";
  target.endpoint = std::move(*endpoint);
  target.region = std::move(*region);
  target.provider = std::move(*provider);
  target.settings = std::move(*settings);
  target.proxies = std::move(fetch.connection.proxies);
  return target;
}

}  // namespace

Result<Target> resolve(const TargetOptions& options, const Environment& environment) {
  raise_descriptor_limit();
  if (auto room = require_descriptors(descriptors_of_a_pool, "lambdapool"); !room)
    return tl::unexpected(room.error());
  const bool from_environment = !options.target;
  const std::string name =
      options.target ? *options.target : environment.get("LAMBDAPOOL_TARGET").value_or("aws");
  if (name == "local") return resolve_local(options, environment);
  if (name == "aws") return resolve_aws(options, environment);
  return fail(ErrorKind::invalid_argument, "there is no target '" + name + "'" +
                                               (from_environment ? " (from LAMBDAPOOL_TARGET)" : "") +
                                               "; it is either 'aws' or 'local'");
}

}  // namespace lambdapool::target
