// What the user asked for on the command line, parsed but not yet judged.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace lambdapool::cli {

struct ConnectionOptions {
  std::optional<std::string> target = {};
  std::optional<std::string> region = {};
  std::optional<std::string> profile = {};
};

// Concurrency that is kept for one function; nullopt: none, it shares what the account has.
struct Reservation {
  std::optional<int> executions = {};
  bool operator==(const Reservation&) const = default;
};

// What create and update have in common. An option that was not given stays empty.
struct FunctionOptions {
  std::string name = {};
  std::vector<std::string> paths = {};
  std::optional<std::string> requirements = {};  // "": none, and there shall be none
  std::optional<std::vector<std::string>> allowed_secrets = {};
  std::optional<int> memory_mb = {};
  std::optional<int> timeout_s = {};
  std::optional<std::vector<std::string>> layers = {};  // ARNs and names
  std::optional<std::string> runtime = {};
  std::optional<std::string> architecture = {};
  std::optional<int> ephemeral_mb = {};
  std::optional<std::string> description = {};
  std::map<std::string, std::string> environment = {};
  std::set<std::string> unset_environment = {};
  bool whole_environment = false;  // what `environment` does not name is removed
  std::map<std::string, std::string> tags = {};
  std::set<std::string> untags = {};
  std::optional<std::vector<std::string>> subnets = {};
  std::optional<std::vector<std::string>> security_groups = {};
  std::optional<Reservation> concurrency = {};
  std::optional<std::string> role = {};
  std::optional<std::vector<std::string>> policies = {};  // ARNs and JSON files
  std::optional<std::string> bucket = {};
  bool dry_run = false;

  bool installs() const { return requirements && !requirements->empty(); }
};

struct LayerOptions {
  std::string name = {};  // NAME, or NAME:VERSION to delete one version
  std::vector<std::string> paths = {};
  std::optional<std::string> requirements = {};
  std::optional<std::vector<std::string>> allowed_secrets = {};
  std::optional<std::string> runtime = {};
  std::optional<std::string> architecture = {};
  std::optional<std::string> description = {};
  std::optional<std::string> bucket = {};
  bool json = false;
};

struct ListOptions {
  bool layers = false;
  bool json = false;
};

struct DeleteOptions {
  std::string name = {};
  bool dry_run = false;
};

struct LogsOptions {
  std::string name = {};
  bool follow = false;
  bool json = false;
  std::optional<std::string> since = {};
  std::optional<std::string> filter = {};
  std::optional<std::string> request_id = {};
};

struct PolicyOptions {
  std::string action = {};  // invoke, deploy or logs
  std::string name = {};
  std::optional<std::string> account = {};
  std::optional<std::string> role = {};
  std::optional<std::string> bucket = {};
  bool layers = false;
};

struct DoctorOptions {
  std::optional<std::string> name = {};
  bool json = false;
};

struct ServeOptions {
  int port = 0;
  bool any_user = false;
  std::vector<std::string> hosts = {};
  std::optional<std::string> keys = {};  // a file
  bool require_signature = false;
  bool verbose = false;
};

}  // namespace lambdapool::cli
