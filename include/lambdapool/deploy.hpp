// Makes, changes, removes and lists Lambda functions: what the command `lambdapool` does, from a program.
//
//   lambdapool::create("algorithms", {.paths = {argv[0]}, .memory_mb = 256});
//
// Each call blocks until it is done. What goes wrong is thrown as LambdaPoolError and its kinds, with the
// state that things are in.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lambdapool/errors.hpp"

namespace lambdapool {

// Where functions are, and as whom they are asked for. As in Options: what is empty comes from the
// environment and from AWS's own configuration files.
struct Account {
  std::string target = {};   // "aws", "local", "gcp" or "gcp-local"; else LAMBDAPOOL_TARGET; else aws
  std::string region = {};   // of AWS or of Google Cloud
  std::string project = {};  // of Google Cloud
  std::string profile = {};
  std::string aws_access_key_id = {};
  std::string aws_secret_access_key = {};
  std::string aws_session_token = {};
  bool allow_http = false;
};

// A function that is to be made or changed. What is not given stays as it is, or is the cloud's default.
struct FunctionSettings {
  // A C++ executable with what goes beside it, or Python files and directories.
  std::vector<std::string> paths = {};
  std::optional<std::string> requirements = {};  // a requirements file; "": none any more
  std::optional<int> memory_mb = {};
  std::optional<int> timeout_s = {};
  std::optional<std::vector<std::string>> layers = {};  // ARNs, or names of layers of one's own
  std::optional<std::string> runtime = {};              // of Python code: else that of the Python in use
  std::optional<std::string> architecture = {};         // "x86_64" or "arm64"
  std::optional<int> ephemeral_storage_mb = {};
  std::optional<std::string> description = {};
  std::map<std::string, std::string> environment = {};  // added to the variables there are
  std::map<std::string, std::string> tags = {};         // added to the tags there are
  std::optional<int> concurrency = {};              // so many executions are kept for it, and it has no more
  std::optional<int> per_instance = {};             // tasks at a time in one instance of Cloud Run
  std::optional<std::string> service_account = {};  // that it runs as on Cloud Run
  std::optional<std::string> role = {};             // an ARN; without one, create() makes a role
  std::optional<std::vector<std::string>> policies = {};  // of the made role: ARNs, or JSON files
  std::optional<std::string> bucket = {};         // of S3, for a package above 50 MB; else LAMBDAPOOL_BUCKET
  std::vector<std::string> allowed_secrets = {};  // names in the package that may look like secrets

  // Hears a line about each step, on the calling thread; must not throw.
  std::function<void(const std::string&)> progress = {};
  // Asked many times a second, on the calling thread: yes ends the call with Cancelled, after what has begun
  // is finished or taken back.
  std::function<bool()> give_up = {};
};

struct Function {
  std::string name = {};
  std::string arn = {};
  std::string runtime = {};
  std::string architecture = {};
  std::string role = {};
  std::string description = {};
  int memory_mb = 0;
  int timeout_s = 0;
  int ephemeral_storage_mb = 0;
  std::int64_t size_bytes = 0;     // of its code, zipped
  std::string code_sha256 = {};    // base64, as Lambda has it
  std::string last_modified = {};  // 2026-11-22T19:00:00.000+0000
  // Why what was asked of it last does not serve, so that it is as it was before; "" where it does.
  std::string last_update_error = {};
  std::vector<std::string> layers = {};  // ARNs
  std::string lambdapool_version = {};   // that deployed its code
};

// Waits until it can be called. What it made before a failure it removes again. Throws Conflict where there
// is a function of that name.
Function create(const std::string& name, const FunctionSettings& settings, const Account& account = {});

// Changes what is given and nothing else, code and configuration both or neither. Throws NotFound, and
// Conflict where lambdapool did not make the function or somebody else changed it in the meantime.
Function update(const std::string& name, const FunctionSettings& settings, const Account& account = {});

// Removes it, and the role that was made for it. Throws NotFound, and Conflict as above.
void remove(const std::string& name, const Account& account = {});

// Those that lambdapool made, the last modified first.
std::vector<Function> list(const Account& account = {});

}  // namespace lambdapool
