// The Python agent, its loop for AWS, and its cloudpickle, embedded in this program when it was built.
#pragma once

#include <string_view>
#include <vector>

namespace lambdapool::package {

struct AgentFile {
  std::string_view name;  // in the package: "lambdapool_agent/..."
  std::string_view bytes;
  bool executable;
};

std::vector<AgentFile> agent_files();

}  // namespace lambdapool::package
