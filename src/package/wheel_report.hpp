// Which wheels a project publishes, as pip_for_function.py reports it, and what to tell of it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "package/lambda_platform.hpp"

namespace lambdapool::package {

struct WheelReport {
  bool known = false;     // whether the index has the project at all
  std::string newest;     // its newest version with a wheel that fits; "": none has
  int wheels = 0;         // of the wanted version, for whatever platform
  int sources = 0;        // of the wanted version
  bool compiled = false;  // it is, or its sources are, made of code to compile
  bool on_later = false;  // the wanted version has a wheel for Python 3.12 or later on Amazon Linux 2023
};

std::optional<WheelReport> parse_wheel_report(const std::string& output);

// Why `wanted` ("numpy==2.4.6") can't be installed, and what can.
std::string no_wheel(const std::string& wanted, const WheelReport& report, const LambdaPlatform& platform);

// The options of a requirements file that say where projects are looked for, as arguments.
std::vector<std::string> index_options(const std::string& requirements);

}  // namespace lambdapool::package
