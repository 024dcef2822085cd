// What the user asked for on the command line, parsed but not yet judged.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "deploy/policy.hpp"
#include "deploy/request.hpp"

namespace lambdapool::cli {

struct ConnectionOptions {
  std::optional<std::string> target = {};
  std::optional<std::string> region = {};
  std::optional<std::string> project = {};
  std::optional<std::string> profile = {};
};

enum class DryRun { no, yes };

// What create and update have in common.
struct FunctionOptions : deploy::FunctionRequest {
  bool dry_run = false;
};

// Of `layer delete` the name may be NAME:VERSION.
struct LayerOptions : deploy::LayerRequest {
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

using PolicyOptions = deploy::PolicyRequest;

struct DoctorOptions {
  std::optional<std::string> name = {};
  bool json = false;
};

struct ReplayOptions {
  std::string file = {};
  bool deployed = false;
  bool pdb = false;
  bool gdb = false;
};

struct RunOptions {
  std::optional<std::string> function = {};
  std::optional<int> memory_mb = {};
  std::optional<int> timeout_s = {};
  std::optional<std::string> requirements = {};
  std::vector<std::string> beside = {};   // paths that are deployed as well
  std::vector<std::string> command = {};  // a script or a program, and its arguments
};

struct StatsOptions {
  std::string name = {};
  std::optional<std::string> since = {};
  bool json = false;
};

struct TuneOptions {
  std::string name = {};
  std::optional<std::string> call = {};     // MODULE:FUNCTION
  std::optional<std::string> items = {};    // a file
  std::optional<std::string> payload = {};  // a file
  std::optional<int> times = {};
  std::vector<std::string> memory_mb = {};
  std::optional<int> workers = {};
  bool json = false;
};

struct RunsOptions {
  std::vector<std::string> names = {};
  bool json = false;
};

struct WatchOptions {
  std::string function = {};
  std::vector<std::string> paths = {};
  std::optional<std::string> requirements = {};
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
