// What the user asked for on the command line, parsed but not yet judged.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace lambdapool::cli {

struct ConnectionOptions {
  std::optional<std::string> target = {};
  std::optional<std::string> region = {};
  std::optional<std::string> profile = {};
};

// What create and update have in common. An option that was not given stays empty.
struct FunctionOptions {
  std::string name = {};
  std::vector<std::string> paths = {};
  std::optional<std::string> requirements = {};
  std::optional<int> memory_mb = {};
  std::optional<int> timeout_s = {};
  std::optional<std::vector<std::string>> layers = {};
  std::optional<std::string> runtime = {};
  std::optional<std::string> role = {};  // create only
};

struct ListOptions {
  bool layers = false;
  bool json = false;
};

struct DeleteOptions {
  std::string name = {};
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

struct ServeOptions {
  int port = 0;
  std::optional<std::string> access_key_id = {};
  std::optional<std::string> secret_access_key = {};
  bool require_signature = false;
  bool verbose = false;
};

}  // namespace lambdapool::cli
