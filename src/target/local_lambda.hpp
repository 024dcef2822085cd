// The local Lambdas that run inside this process. With identities.cpp the only process-wide state in the
// project: pools of one process that name the same home share one service, so that they share its warm
// workers.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "core/environment.hpp"
#include "core/error.hpp"
#include "core/sigv4.hpp"
#include "local/service.hpp"

namespace lambdapool::target {

// A running service and the identity that it asks for, which only this process knows.
struct LocalLambda {
  sigv4::Identity identity;
  std::string token;  // of the local Cloud Run
  std::string region;
  std::unique_ptr<local::Service> service;
  pid_t owner = ::getpid();  // a forked child's is its parent's
};

struct LocalLambdaOptions {
  std::filesystem::path home;
  std::string region = "us-east-1";
  Environment environment = {};       // where to look for interpreters
  std::filesystem::path python = {};  // see local::ServiceOptions::python
};

// The service that this process runs for the home, behind a socket that is its user's alone; started where
// there is none. A forked child's is its parent's as long as that answers. Errors: io.
Result<std::shared_ptr<LocalLambda>> embedded_local_lambda(const LocalLambdaOptions& options);

// One more, on a port of 127.0.0.1 that the system chooses, for clients that cannot speak over the other's
// socket.
Result<std::shared_ptr<LocalLambda>> serve_local_lambda(const LocalLambdaOptions& options);

}  // namespace lambdapool::target
