// What is asked for: nothing here has been judged or looked up yet. What was not asked for stays empty.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace lambdapool::deploy {

// Concurrency that is kept for one function; nullopt: none, it shares what the account has.
struct Reservation {
  std::optional<int> executions = {};
  bool operator==(const Reservation&) const = default;
};

// Of a function that is to be made or changed.
struct FunctionRequest {
  std::string name = {};
  std::vector<std::string> paths = {};
  std::optional<std::string> requirements = {};  // "": none, and there shall be none
  std::optional<std::vector<std::string>> allowed_secrets = {};
  std::optional<int> memory_mb = {};
  std::optional<int> timeout_s = {};
  std::optional<std::vector<std::string>> layers = {};  // ARNs and names
  std::optional<std::string> runtime = {};              // without it, that of the Python that calls
  std::optional<std::string> architecture = {};         // "x86_64" or "arm64"
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
  std::optional<int> per_instance = {};                   // tasks at a time in one instance of Cloud Run
  std::optional<std::string> service_account = {};        // of Google Cloud; without it, the project's own
  std::optional<std::string> role = {};                   // an ARN; without it, one is made
  std::optional<std::vector<std::string>> policies = {};  // of the made role: ARNs and JSON files
  std::optional<std::string> bucket = {};                 // else LAMBDAPOOL_BUCKET
  std::optional<std::string> response_mode = {};          // "streaming" or "buffered"

  bool installs() const { return requirements && !requirements->empty(); }
};

// Whether anything but a name is asked for that a function could be made or changed by.
bool asks_for_anything(const FunctionRequest& request);

// Of a version of a layer.
struct LayerRequest {
  std::string name = {};
  std::vector<std::string> paths = {};
  std::optional<std::string> requirements = {};
  std::optional<std::vector<std::string>> allowed_secrets = {};
  std::optional<std::string> runtime = {};
  std::optional<std::string> architecture = {};
  std::optional<std::string> description = {};
  std::optional<std::string> bucket = {};
};

}  // namespace lambdapool::deploy
