#include "deploy/function/function_limits.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "core/limits.hpp"
#include "core/reserved_variables.hpp"
#include "gcp/limits.hpp"

namespace lambdapool::deploy {
namespace {

// Cloud Run's container contract, and what an HTTP worker reads.
bool is_reserved_on_run(const std::string& name) {
  constexpr std::array<std::string_view, 10> reserved{"PORT",
                                                      "K_SERVICE",
                                                      "K_REVISION",
                                                      "K_CONFIGURATION",
                                                      "CLOUD_RUN_TIMEOUT_SECONDS",
                                                      "LAMBDAPOOL_TIMEOUT",
                                                      "LAMBDAPOOL_MEMORY_MB",
                                                      "LAMBDAPOOL_PER_INSTANCE",
                                                      "LAMBDAPOOL_HTTP_WORKER",
                                                      "LAMBDAPOOL_LISTEN_FD"};
  return std::ranges::find(reserved, name) != reserved.end() || name.starts_with("X_GOOGLE_");
}

}  // namespace

const FunctionLimits& lambda_limits() {
  static const FunctionLimits all{"Lambda",
                                  limits::memory_mb_min,
                                  limits::memory_mb_max,
                                  limits::timeout_s_max,
                                  limits::description_max,
                                  limits::environment_bytes_max,
                                  0,
                                  "[a-zA-Z][a-zA-Z0-9_]+",
                                  "must have two characters or more, begin with a letter, and have only "
                                  "letters, digits and underscores",
                                  9,
                                  15,
                                  "provided.al2023",
                                  [](const std::string& name) { return is_reserved_variable(name); }};
  return all;
}

const FunctionLimits& run_limits() {
  static const FunctionLimits all{"Cloud Run",
                                  gcp::limits::memory_mb_min,
                                  gcp::limits::memory_mb_max,
                                  gcp::limits::timeout_s_max,
                                  gcp::limits::description_max,
                                  0,
                                  gcp::limits::variable_bytes_max,
                                  "[a-zA-Z_][a-zA-Z0-9_]*",
                                  "must begin with a letter or an underscore, and have only letters, digits "
                                  "and underscores",
                                  gcp::limits::python_oldest,
                                  gcp::limits::python_newest,
                                  "osonly24",
                                  is_reserved_on_run};
  return all;
}

const FunctionLimits& limits_of(const Connection& connection) {
  return connection.is_google() ? run_limits() : lambda_limits();
}

}  // namespace lambdapool::deploy
