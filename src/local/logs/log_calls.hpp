// CloudWatch Logs' calls that read, over the files of LogStore: what `aws logs tail` and its like send.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "local/control/refusal.hpp"

namespace lambdapool::local {

struct LogGroup {
  std::string name;                    // "/aws/lambda/algorithms", or what a function's LoggingConfig says
  std::vector<std::string> functions;  // that write to it
};

struct LogSources {
  std::filesystem::path home;
  std::string region;
  std::vector<LogGroup> groups;  // in order of their names; those that were ever written to
};

// The groups of these functions, and of those that were deleted and have left lines, as AWS keeps theirs.
std::vector<LogGroup> log_groups(const std::filesystem::path& home, std::vector<LogGroup> of_functions);

// `operation`: DescribeLogGroups, DescribeLogStreams, FilterLogEvents, GetLogEvents. Others are refused by
// name.
Answer answer_log_call(const LogSources& sources, std::string_view operation, const std::string& body);

}  // namespace lambdapool::local
