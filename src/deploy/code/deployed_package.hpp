// What a function was deployed with, for whoever wants to run it here.
#pragma once

#include <string>
#include <vector>

#include "core/error.hpp"
#include "deploy/connection.hpp"
#include "deploy/stop_token.hpp"

namespace lambdapool::deploy {

struct DeployedCode {
  std::string zip;
  std::vector<std::string>
      layers;  // zips, too, in the function's order: of a file in several the last one's counts
};

// `function` may name a version (NAME:7). Error kinds: invalid_argument (on Cloud Run), not_found, io
// (something cannot be fetched), and those of a request.
Result<DeployedCode> fetch_code_of(Connection& connection, const std::string& function,
                                   const StopToken& stop = {});

}  // namespace lambdapool::deploy
