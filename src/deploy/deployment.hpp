// Deploying on call: what is asked for is there as a published version of the function, and that version is
// what is called. So what one caller deploys never changes what another's running calls execute, and older
// code is called again by asking for it.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "deploy/connection.hpp"
#include "deploy/events.hpp"
#include "deploy/request.hpp"
#include "deploy/stop_token.hpp"

namespace lambdapool::deploy {

struct Deployment {
  enum class Step {
    known,      // this user deployed it a short while ago, and it can still be called
    found,      // the version was there
    published,  // the function was there, and has a version more now
    created,    // the function was made
  };
  Step step = Step::known;
  std::string version;          // "7"; what is called is NAME:7
  std::int64_t size_bytes = 0;  // of the code, zipped; 0 where it was known

  bool has_uploaded() const { return step == Step::published || step == Step::created; }
};

struct DeploymentOptions {
  // How long what this user deployed is not looked up again: until then, a dry run shows that it can be
  // called.
  std::chrono::seconds trusted{600};
  // Of the versions that were made so, which stay when a new one is published: the newest, those younger than
  // a day, and those that an alias names. At least 1.
  int versions_kept = 5;
};

// Errors: those of create() and update(); conflict where others deploy at the same time, again and again.
Result<Deployment> ensure_deployed(Connection& connection, const FunctionRequest& request,
                                   const DeploymentOptions& options = {}, const Events& events = {},
                                   const StopToken& stop = {});

// As ensure_deployed(), a version for each of these sizes of memory, from the least on and each once, all
// with the same code. What the function's plain name calls keeps the size that it had. Not on Cloud Run,
// where each version has an address of its own (invalid_argument).
Result<std::map<int, Deployment>> ensure_sizes(Connection& connection, FunctionRequest request,
                                               const std::vector<int>& sizes_mb,
                                               const DeploymentOptions& options = {},
                                               const Events& events = {}, const StopToken& stop = {});

}  // namespace lambdapool::deploy
