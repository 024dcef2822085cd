// What a cloud lets a function have: numbers, runtimes, names of variables. Each cloud's stand here once, by
// its own limits (core/limits.hpp, gcp/limits.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "deploy/connection.hpp"

namespace lambdapool::deploy {

struct FunctionLimits {
  std::string cloud;  // "Lambda"
  int memory_mb_min;
  int memory_mb_max;
  int timeout_s_max;
  std::size_t description_max;
  std::int64_t environment_bytes_max;  // of all variables as JSON; 0: none is known
  std::size_t variable_bytes_max;      // of each; 0: likewise
  const char* variable_form;           // a pattern that their names have, and what it is in words
  const char* variable_form_in_words;
  int python_oldest;  // 3.N
  int python_newest;
  std::string executables_runtime;  // what C++ executables run on
  bool (*is_reserved_variable)(const std::string& name);
};

const FunctionLimits& lambda_limits();
const FunctionLimits& run_limits();
const FunctionLimits& limits_of(const Connection& connection);

}  // namespace lambdapool::deploy
