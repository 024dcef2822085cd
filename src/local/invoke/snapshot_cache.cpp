#include "local/invoke/snapshot_cache.hpp"

#include "core/encoding.hpp"
#include "local/store/alias_table.hpp"
#include "local/store/function_table.hpp"

namespace lambdapool::local {
namespace {

// A function deleted and created again under its name has another id, and so other workers.
std::string worker_key(const std::string& id, const std::string& version, const FunctionConfig& live) {
  FunctionConfig seen = live;  // what a worker cannot see must not matter
  seen.description.clear();
  seen.role.clear();
  seen.last_modified.clear();
  seen.ephemeral_mb = 0;
  return sha256_hex(id + "\n" + version + "\n" + to_stored(seen)).substr(0, 32);
}

std::string full_name(const std::string& function, const std::string& qualifier) {
  return qualifier.empty() ? function : function + ":" + qualifier;
}

}  // namespace

void SnapshotCache::notice_changes() {
  const auto version = database_.data_version();
  if (version == data_version_) return;
  data_version_ = version;
  snapshots_.clear();
}

OrRefusal<std::shared_ptr<const Snapshot>> SnapshotCache::find(const FunctionReference& reference) {
  notice_changes();
  const auto name = full_name(reference.name, reference.qualifier);
  if (const auto found = snapshots_.find(name); found != snapshots_.end()) return found->second;
  auto snapshot = load(reference);
  if (const auto error = database_.take_error()) return service_failure(*error);
  if (snapshot) snapshots_.emplace(name, *snapshot);
  return snapshot;
}

OrRefusal<std::shared_ptr<const Snapshot>> SnapshotCache::load(const FunctionReference& reference) {
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->invoked_arn = function_arn(region_, reference.name, reference.qualifier);
  const auto shown =
      reference.qualifier.empty()
          ? function_arn(region_, reference.name, latest)  // Invoke's 404 always has a qualifier
          : snapshot->invoked_arn;
  const auto function = find_function(database_, reference.name);
  if (!function) return not_found("Function not found: " + shown);
  auto version = reference.qualifier.empty() ? std::string(latest) : reference.qualifier;
  std::string second;
  if (version_number(version) < 0) {
    const auto alias = find_alias(database_, reference.name, version);
    if (!alias) return not_found("Function not found: " + shown);
    version = alias->version;
    second = alias->second_version;
    snapshot->second_weight = alias->second_weight;
  }
  auto loaded = load_version(reference.name, function->id, version);
  if (!loaded) return tl::unexpected(loaded.error());
  snapshot->version = std::move(*loaded);
  if (!second.empty()) {
    auto other = load_version(reference.name, function->id, second);
    if (!other) return tl::unexpected(other.error());
    snapshot->second = std::move(*other);
  }
  snapshot->reserved = function->reserved;
  snapshot->reserved_total = reserved_total(database_);
  snapshot->events = event_invoke_config(
      database_, reference.name, reference.qualifier.empty() ? std::string(latest) : reference.qualifier);
  return snapshot;
}

OrRefusal<std::shared_ptr<const FunctionVersion>> SnapshotCache::load_version(const std::string& function,
                                                                              const std::string& id,
                                                                              const std::string& version) {
  const auto record = find_version(database_, function, version);
  if (!record) return not_found("Function not found: " + function_arn(region_, function, version));
  if (!record->live) {
    return conflict(
        "The operation cannot be performed at this time. The function is currently in the following state: " +
        (record->phase == Phase::failed ? "Failed (" + record->reason + ")" : std::string("Pending")));
  }
  const auto& live = *record->live;
  const auto key = worker_key(id, version, live);
  auto& current = keys_[function + ":" + version];
  if (!current.empty() && current != key) replaced_.push_back(current);
  current = key;
  auto& known = known_[key];
  if (auto same = known.version.lock()) return same;
  auto loaded = std::make_shared<FunctionVersion>();
  loaded->key = key;
  loaded->function_arn = function_arn(region_, function);
  loaded->name = function;
  loaded->version = version;
  loaded->runtime = live.runtime;
  loaded->handler = live.handler;
  loaded->architecture = live.architecture;
  loaded->code = code_.directory(live.code.sha256);
  known.code = {live.code.sha256};
  for (const auto& layer : live.layers) {
    loaded->layers.push_back(code_.directory(layer.code.sha256));
    known.code.push_back(layer.code.sha256);
  }
  if (live.environment) loaded->environment = *live.environment;
  if (!live.application_level.empty()) {
    loaded->environment.emplace("AWS_LAMBDA_LOG_FORMAT", "JSON");
    loaded->environment.emplace("AWS_LAMBDA_LOG_LEVEL", live.application_level);
    loaded->system_log_level = live.system_level;
  }
  loaded->memory_mb = live.memory_mb;
  loaded->timeout = std::chrono::seconds(live.timeout_s);
  loaded->log_group = live.log_group;
  known.version = loaded;
  return loaded;
}

std::vector<std::string> SnapshotCache::take_outdated() {
  notice_changes();
  auto outdated = take_replaced();
  for (auto entry = keys_.begin(); entry != keys_.end();) {
    const auto colon = entry->first.find(':');
    const auto name = entry->first.substr(0, colon);
    const auto version = entry->first.substr(colon + 1);
    const auto function = find_function(database_, name);
    const auto record = function ? find_version(database_, name, version) : std::nullopt;
    const bool current =
        record && record->live && worker_key(function->id, version, *record->live) == entry->second;
    if (!current && !database_.failed()) outdated.push_back(entry->second);
    entry = current || database_.failed() ? std::next(entry) : keys_.erase(entry);
  }
  database_.take_error();
  return outdated;
}

std::set<std::string> SnapshotCache::code_in_use() {
  notice_changes();
  std::set<std::string> used;
  for (auto entry = known_.begin(); entry != known_.end();) {
    if (entry->second.version.expired()) {
      entry = known_.erase(entry);
      continue;
    }
    used.insert(entry->second.code.begin(), entry->second.code.end());
    ++entry;
  }
  return used;
}

}  // namespace lambdapool::local
