// Whatever lambdapool.toml holds is read or refused in one sentence.
#include <cstdlib>
#include <string_view>

#include "cli/project_file.hpp"
#include "memory_file.hpp"

using namespace lambdapool;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const fuzz::MemoryFile file({reinterpret_cast<const char*>(data), size});
  const auto project = cli::read_project_file(file.path(), deploy::lambda_limits());
  if (!project && project.error().message.empty()) std::abort();
  return 0;
}
