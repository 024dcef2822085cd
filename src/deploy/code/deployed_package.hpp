// What a function was deployed with, for whoever wants to run it here.
#pragma once

#include <string>

#include "core/error.hpp"
#include "deploy/connection.hpp"
#include "deploy/stop_token.hpp"

namespace lambdapool::deploy {

// The zip of a function's code; `function` may name a version (NAME:7). Error kinds: not_found, io (it cannot
// be fetched), and those of a request.
Result<std::string> fetch_package(Connection& connection, const std::string& function,
                                  const StopToken& stop = {});

}  // namespace lambdapool::deploy
