#include "deploy/deployment.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "aws/lambda/invoke.hpp"
#include "core/encoding.hpp"
#include "core/random.hpp"
#include "deploy/code/code.hpp"
#include "deploy/deployment_record.hpp"
#include "deploy/function/deployed_function.hpp"
#include "deploy/function/versions.hpp"
#include "deploy/functions.hpp"
#include "deploy/run/deployed_service.hpp"
#include "deploy/run/run_request.hpp"
#include "deploy/run/run_versions.hpp"
#include "deploy/session.hpp"

namespace lambdapool::deploy {
namespace {

constexpr int attempts_max = 6;  // to publish what others change in between
constexpr std::size_t digest_digits = 40;

// Of everything that a call could notice: the code, and the settings that are asked for.
Result<std::string> digest_of(const Connection& connection, const JudgedRequest& judged) {
  auto code = digest_of_code(connection, judged.asked, judged.code);
  if (!code) return code;
  const FunctionRequest& asked = judged.asked;
  nlohmann::json all{{"code", *code}, {"environment", asked.environment}};
  if (asked.memory_mb) all["memory"] = *asked.memory_mb;
  if (asked.timeout_s) all["timeout"] = *asked.timeout_s;
  if (asked.ephemeral_mb) all["ephemeral"] = *asked.ephemeral_mb;
  if (asked.layers) all["layers"] = *asked.layers;
  if (asked.response_mode) all["response_mode"] = *asked.response_mode;
  if (asked.role) all["role"] = *asked.role;
  if (asked.per_instance) all["per_instance"] = *asked.per_instance;
  if (asked.service_account) all["service_account"] = *asked.service_account;
  if (asked.subnets) all["subnets"] = *asked.subnets;
  if (asked.security_groups) all["security_groups"] = *asked.security_groups;
  return sha256_hex(all.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace))
      .substr(0, digest_digits);
}

// Where it is deployed: another place has not got it.
Result<std::string> place_of(Connection& connection, const StopToken& stop) {
  if (connection.is_local()) return connection.home().map([](const auto& home) { return home.string(); });
  const auto target = connection.target(stop);
  if (!target) return tl::unexpected(target.error());
  return target->endpoint.url() + "\n" + target->region + "\n" +
         target->provider->current()->identity.access_key_id;
}

struct Made {
  Deployment::Step step;
  Function function;
};

// A function that is there gets what is asked for, as what its plain name calls.
Result<Made> bring_about(Connection& connection, const JudgedRequest& creation, bool is_there,
                         const Events& events, const StopToken& stop) {
  if (!is_there) {
    auto created = create(connection, creation, Existing::leave, events, stop);
    if (!created) return tl::unexpected(created.error());
    if (created->is_new) return Made{Deployment::Step::created, std::move(created->function)};
  }
  FunctionRequest asked = creation.asked;
  if (!asked.requirements) asked.requirements = "";  // what is not asked for is not there
  auto judged = judge_update(connection, std::move(asked));
  if (!judged) return tl::unexpected(judged.error());
  auto updated = update(connection, *judged, events, stop);
  if (!updated) return tl::unexpected(updated.error());
  return Made{Deployment::Step::published, std::move(updated->function)};
}

struct Attempt {
  Connection& connection;
  const JudgedRequest& judged;
  const std::string& digest;
  const DeploymentOptions& options;
  const Events& events;
  const StopToken& stop;
};

tl::unexpected<Error> not_own(const std::string& function) {
  return fail(
      ErrorKind::invalid_argument,
      "function " + function + " was not made by lambdapool, so it is left as it is; choose another name.");
}

tl::unexpected<Error> others_change(const std::string& function) {
  return fail(ErrorKind::conflict, "others change function " + function + " at the same time.");
}

// Whether $LATEST is what was asked for. A version of other code or settings that is published under this
// one's name would be found as this one from then on.
bool is_still(const aws::FunctionConfiguration& latest, const std::string& code_sha256,
              const FunctionRequest& asked) {
  return latest.code_sha256 == code_sha256 &&
         asked.memory_mb.value_or(latest.memory_mb) == latest.memory_mb &&
         asked.timeout_s.value_or(latest.timeout_s) == latest.timeout_s &&
         asked.ephemeral_mb.value_or(latest.ephemeral_mb) == latest.ephemeral_mb &&
         asked.role.value_or(latest.role) == latest.role &&
         std::ranges::includes(latest.environment, asked.environment);
}

// Error kind conflict: somebody else changes the function at the same time.
Result<Deployment> attempt(Session& session, const Attempt& what) {
  const std::string& name = what.judged.asked.name;
  const auto now = find_function(session, name);
  if (!now) return tl::unexpected(now.error());
  const bool is_there = *now && (*now)->tags.count(unfinished_tag) == 0;
  if (is_there && !is_own(**now)) return not_own(name);
  if (is_there) {
    const auto found = find_version(session, name, what.digest);
    if (!found) return tl::unexpected(found.error());
    if (*found) return Deployment{Deployment::Step::found, (*found)->version, (*found)->code_size};
  }
  const auto made = bring_about(what.connection, what.judged, is_there, what.events, what.stop);
  if (!made) return tl::unexpected(made.error());
  const auto latest = wait_until_settled(session, name);
  if (!latest) return tl::unexpected(latest.error());
  if (!is_still(*latest, made->function.code_sha256, what.judged.asked)) return others_change(name);
  const auto published = publish_version(session, *latest, what.digest);
  if (!published) return tl::unexpected(published.error());
  return Deployment{made->step, published->version, published->code_size};
}

// The same on Cloud Run, where a version is a revision that has a tag.
Result<Deployment> attempt_on_run(Session& session, const Attempt& what) {
  const FunctionRequest& asked = what.judged.asked;
  const std::string tag = tag_of_version(what.digest);
  const auto now = find_service(session, asked.name);
  if (!now) return tl::unexpected(now.error());
  if (*now && !is_own(**now)) return not_own(asked.name);
  if (*now && has_version(**now, tag))
    return Deployment{Deployment::Step::found, tag, function_of(**now).size_bytes};
  const bool is_there = *now && !(*now)->latest_ready_revision.empty();
  const auto made = bring_about(what.connection, what.judged, is_there, what.events, what.stop);
  if (!made) return tl::unexpected(made.error());
  const auto latest = own_service(session, asked.name);
  if (!latest) return tl::unexpected(latest.error());
  auto wanted = *latest;
  if (function_of(*latest).code_sha256 != made->function.code_sha256 ||
      !change_service(wanted, asked).empty() ||
      latest->latest_ready_revision != latest->latest_created_revision)
    return others_change(asked.name);
  const auto tagged =
      tag_version(session, *latest, tag, what.options.versions_kept, std::chrono::system_clock::now());
  if (!tagged) return tl::unexpected(tagged.error());
  return Deployment{made->step, tag, made->function.size_bytes};
}

// As long as others change it at the same time.
Result<Deployment> attempt_again(Session& session, const Attempt& what,
                                 Result<Deployment> (*attempt_once)(Session&, const Attempt&)) {
  for (int made = 1;; ++made) {
    auto deployment = attempt_once(session, what);
    if (deployment || deployment.error().kind != ErrorKind::conflict || made == attempts_max)
      return deployment;
    const auto pause = std::chrono::milliseconds(static_cast<int>(200 * made * (0.5 + random_fraction())));
    if (auto waited = session.pause(pause); !waited) return tl::unexpected(waited.error());
  }
}

// Asked as a caller asks: a dry run needs no more rights than a call, and runs nothing. Whatever else may be
// wrong than that it is gone, the first call will tell.
Result<bool> is_callable(Session& session, const std::string& qualified) {
  const auto answer = session.send(aws::invoke_dry_run_request(qualified), Repeatable::yes);
  if (!answer) return tl::unexpected(answer.error());
  return answer->status != 404;
}

// Where publishing has left another: others who call the plain name are not to notice.
Result<void> give_memory_back(Connection& connection, const aws::FunctionConfiguration& before,
                              const Events& events) {
  const auto judged = judge_update(connection, {.name = before.name, .memory_mb = before.memory_mb});
  if (!judged) return tl::unexpected(judged.error());
  const auto updated = update(connection, *judged, events);
  if (!updated) return tl::unexpected(updated.error());
  return {};
}

}  // namespace

Result<Deployment> ensure_deployed(Connection& connection, const FunctionRequest& request,
                                   const DeploymentOptions& options, const Events& events,
                                   const StopToken& stop) {
  const auto judged = judge_creation(connection, request);
  if (!judged) return tl::unexpected(judged.error());
  const auto digest = digest_of(connection, *judged);
  if (!digest) return tl::unexpected(digest.error());
  const Attempt what{connection, *judged, *digest, options, events, stop};
  if (connection.is_google()) {
    auto session = Session::open_to_run(connection, events, stop);
    if (!session) return tl::unexpected(session.error());
    return attempt_again(**session, what, attempt_on_run);
  }
  const auto place = place_of(connection, stop);
  if (!place) return tl::unexpected(place.error());
  const DeploymentRecord record(connection.environment(), *place + "\n" + request.name + "\n" + *digest);
  auto session = Session::open(connection, events, stop);
  if (!session) return tl::unexpected(session.error());
  if (auto version = record.version(options.trusted)) {
    const auto there = is_callable(**session, request.name + ":" + *version);
    if (!there) return tl::unexpected(there.error());
    if (*there) return Deployment{Deployment::Step::known, *version};
  }
  auto deployment = attempt_again(**session, what, attempt);
  if (!deployment) return deployment;
  record.keep(deployment->version);
  if (deployment->step == Deployment::Step::published)
    remove_old_versions(**session, request.name, options.versions_kept, std::chrono::system_clock::now());
  return deployment;
}

Result<std::map<int, Deployment>> ensure_sizes(Connection& connection, FunctionRequest request,
                                               const std::vector<int>& sizes_mb,
                                               const DeploymentOptions& options, const Events& events,
                                               const StopToken& stop) {
  if (connection.is_google())
    return fail(ErrorKind::invalid_argument,
                "versions with several sizes of memory are called by one address, and on Cloud Run each has "
                "its own: make a pool that deploys for each size, and compare their reports");
  if (sizes_mb.empty()) return fail(ErrorKind::invalid_argument, "there are no sizes of memory to compare");
  auto session = Session::open(connection, events, stop);
  if (!session) return tl::unexpected(session.error());
  const auto before = find_function(**session, request.name);
  if (!before) return tl::unexpected(before.error());
  std::map<int, Deployment> versions;
  Result<void> all;
  bool has_changed = false;
  for (const int size : std::set<int>(sizes_mb.begin(), sizes_mb.end())) {
    request.memory_mb = size;
    auto version = ensure_deployed(connection, request, options, events, stop);
    if (!version) {
      all = tl::unexpected(version.error());
      break;
    }
    has_changed = has_changed || version->has_uploaded();
    versions.emplace(size, std::move(*version));
  }
  if (*before && (has_changed || !all))
    if (auto back = give_memory_back(connection, (*before)->configuration, events); !back && all) all = back;
  if (!all) return tl::unexpected(all.error());
  return versions;
}

}  // namespace lambdapool::deploy
