// The local Lambda: control plane, store and workers behind a real HTTP endpoint, in this process.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/environment.hpp"
#include "core/error.hpp"
#include "core/sigv4.hpp"
#include "http/in_process.hpp"
#include "http/message.hpp"
#include "local/control/admission.hpp"

namespace lambdapool::local {

struct ServiceOptions {
  std::filesystem::path home;  // created where it does not exist
  // On 127.0.0.1; 0: the system chooses. nullopt: a Unix socket that nobody but this user reaches.
  std::optional<std::uint16_t> port = {};
  AdmissionOptions admission = {};
  std::optional<sigv4::Identity> identity = {};  // known secret: other signatures are refused.
                                                 // nullopt: any well-formed signature is accepted
  std::string token = {};                        // of who calls the local Cloud Run; "": any is accepted
  std::string region = "us-east-1";
  int concurrency = 1'000;                           // account limit; beyond it 429
  Environment environment = {};                      // where to look for interpreters (PATH, VIRTUAL_ENV)
  std::filesystem::path python = {};                 // preferred interpreter (an embedding Python's own)
  std::function<void(const std::string&)> log = {};  // one line of a request log; {}: none
  // What is asked for and cannot be had here, once.
  std::function<void(const std::string&)> warn = [](const std::string&) {};
};

class Service {
 public:
  // Error kind io (home not writable, port taken), naming which.
  static Result<std::unique_ptr<Service>> start(ServiceOptions options);
  virtual ~Service() = default;  // stops: no new invocations, workers killed, nothing left behind
  virtual http::Endpoint endpoint() const = 0;
  // That a function, as a call names it, is going to be called: what that needs is started meanwhile.
  virtual void expect(std::string function) = 0;
  virtual http::InProcess& in_process() = 0;  // for this process alone: it admits whoever calls
  // Of the object store, where workers reach it too, whatever they see of the file system.
  virtual http::Endpoint objects_endpoint() const = 0;
  // Where a file may be written that is then made an object of the transit bucket (S3Service).
  virtual std::filesystem::path objects_incoming() const = 0;
  // "NAME: TracingConfig, VpcConfig" of each function with settings that are kept without effect.
  virtual std::vector<std::string> without_effect() = 0;
  virtual std::string isolation() const = 0;  // which limits are enforced and how, one line

  // Around a fork(), so that no thread of the service is in the middle of anything: the child gets a copy of
  // every lock that is held, and nobody to let go of it. Not on the service's own threads.
  virtual void before_fork() = 0;
  virtual void after_fork_in_parent() = 0;
  // The child, which must not destroy this, closes what would make the parent's end go unnoticed.
  virtual void after_fork_in_child() = 0;
};

// $LAMBDAPOOL_HOME, else $XDG_DATA_HOME/lambdapool, else ~/.local/share/lambdapool. Error kind
// invalid_argument for a relative LAMBDAPOOL_HOME, which would be another one in each directory.
Result<std::filesystem::path> default_home(const Environment& environment);

}  // namespace lambdapool::local
