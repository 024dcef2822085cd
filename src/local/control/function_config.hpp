// What a version of a function is made of, as the control plane keeps it.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/limits.hpp"

namespace lambdapool::local {

using Json = nlohmann::ordered_json;

struct CodeReference {
  std::string sha256;  // hex: the name of its directory
  std::int64_t size = 0;
  std::int64_t unzipped = 0;
};

struct LayerUse {
  std::string arn;  // of the layer's version
  CodeReference code;
};

struct VpcSetting {
  std::vector<std::string> subnets;
  std::vector<std::string> security_groups;
  bool ipv6 = false;
};

struct FunctionConfig {
  std::string runtime;
  std::string role;
  std::string handler;
  std::string description;
  // Of a published version: what $LATEST's description was, of which it may have another.
  std::optional<std::string> source_description = {};
  int timeout_s = limits::timeout_s_default;
  int memory_mb = limits::memory_mb_default;
  int ephemeral_mb =
      limits::ephemeral_mb_min;  // never enforced: a function's /tmp is as large as the disk allows
  std::string architecture;
  std::string log_group;
  // JSON logs: LoggingConfig's levels; both empty for text.
  std::string application_level = {};
  std::string system_level = {};
  // What the local Lambda keeps, shows and does not act on, as JSON by AWS's names: TracingConfig, SnapStart,
  // ...
  std::map<std::string, std::string> kept = {};
  std::optional<VpcSetting> vpc = {};  // kept and shown; workers are on the host's network
  std::optional<std::map<std::string, std::string>> environment;
  std::vector<LayerUse> layers;
  CodeReference code;
  std::string last_modified;
};

// Throws Json::exception where it is none.
CodeReference code_from(const Json& json);

// The names of the settings that are only kept, and are not as they are by default.
std::vector<std::string> settings_without_effect(const FunctionConfig& config);

std::string to_stored(const FunctionConfig& config);
std::optional<FunctionConfig> from_stored(const std::string& text);  // nullopt: it is damaged

// Where a version stands between a change that was asked for and the code that runs.
enum class Phase {
  creating,       // State Pending
  updating,       // LastUpdateStatus InProgress; invocations run the state before
  active,         // State Active, LastUpdateStatus Successful
  failed,         // State Failed: never became runnable
  update_failed,  // LastUpdateStatus Failed; invocations go on with the state before
};
std::string_view to_string(Phase phase);
Phase phase_from(std::string_view text);

struct VersionRecord {
  std::string function;
  std::string version;  // "$LATEST" or a number
  FunctionConfig config;
  std::optional<FunctionConfig> live;  // what invocations run
  Phase phase = Phase::creating;
  std::string reason;    // of a failure
  bool damaged = false;  // its row cannot be read: failed, and good for nothing but to be deleted
  std::string revision;
  std::int64_t changed_ms = 0;
};

enum class Show { everything, listing };  // ListFunctions leaves State* and LastUpdate* out
Json configuration_json(const VersionRecord& record, const std::string& arn, Show show);

// Lambda's CodeSha256 out of the hex form.
std::string base64_of_sha256(const std::string& hex);

// AWS's LastModified: 2026-11-22T19:00:00.000+0000.
std::string iso_time(std::int64_t epoch_ms);

}  // namespace lambdapool::local
