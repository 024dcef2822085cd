// Turns "aws", "local", "gcp" or "gcp-local" into an endpoint and an identity: the one place that knows both
// sides.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "aws/credentials/client_settings.hpp"
#include "aws/credentials/credentials.hpp"
#include "core/environment.hpp"
#include "core/error.hpp"
#include "http/message.hpp"
#include "http/proxy.hpp"
#include "identity/google_source.hpp"
#include "identity/provider.hpp"

namespace lambdapool::http {
class InProcess;
}

namespace lambdapool::target {

struct TargetOptions {
  // "aws", "local", "gcp" or "gcp-local"; else LAMBDAPOOL_TARGET; else aws
  std::optional<std::string> target = {};
  aws::Explicit aws = {};
  std::optional<std::string> project = {};         // of Google Cloud
  std::filesystem::path python = {};               // see local::ServiceOptions::python
  std::optional<std::filesystem::path> home = {};  // of local; else local::default_home
  bool allow_http = false;  // plain http that leaves the machine; else LAMBDAPOOL_ALLOW_HTTP
  std::string bucket = {};  // of S3, for data that does not fit a call; "": none. The target local needs none
  // Asked ten times a second, on the caller's thread, while credentials are fetched: yes ends that.
  std::function<bool()> give_up = {};
};

// What calls to Google's Cloud Run need beside an endpoint.
struct Google {
  std::string project;
  std::shared_ptr<identity::Tokens> tokens;  // for its APIs
  std::string quota_project = {};            // "" where requests are counted to the project itself
  http::Endpoint storage = {};
  http::Endpoint logging = {};
  http::Endpoint service_usage = {};     // which APIs are enabled; unused for gcp-local
  http::Endpoint resource_manager = {};  // what the caller may do; likewise
  identity::GoogleOptions source = {};   // of further tokens; unused for gcp-local
};

struct Target {
  std::string name;  // "aws", "local", "gcp" or "gcp-local"
  http::Endpoint endpoint;
  std::string region;
  std::shared_ptr<identity::Provider> provider;  // of credentials; shared by copies
  aws::ClientSettings settings = {};
  http::ProxySettings proxies = {};  // none for local
  std::string bucket = {};           // for data that does not fit a call; "" where there is none
  http::Endpoint objects = {};       // where that bucket is: S3, or the local object store
  // Of the local object store: files written here need only be named to it (objects::Store). "" elsewhere.
  std::filesystem::path objects_incoming = {};
  std::optional<Google> google = {};  // of Cloud Run; `provider` is null then
  std::shared_ptr<void> service;      // keeps the embedded local Lambda running; null for aws
  // The same where this process runs it itself (and is no forked child of the one that does): calls need no
  // socket.
  std::shared_ptr<http::InProcess> in_process = {};
  // Likewise: tells it that a function is going to be called, so that what that needs is started meanwhile.
  std::function<void(const std::string& function)> expect = {};
};

// For local: starts the embedded service, or joins the one that this process already runs for the same
// home. Errors: invalid_argument (unknown target, plain http to another machine), credentials (naming both
// ways out), cancelled, io.
Result<Target> resolve(const TargetOptions& options, const Environment& environment);

}  // namespace lambdapool::target
