// A line of a function's log as `logs` shows it.
#pragma once

#include <string>

#include "deploy/log/log_line.hpp"

namespace lambdapool::cli {

// "TIME STREAM TEXT", the stream by its last eight characters. What the platform reports of an invocation is
// put into words.
std::string readable(const deploy::LogLine& line);
std::string json(const deploy::LogLine& line);  // an object on one line

}  // namespace lambdapool::cli
