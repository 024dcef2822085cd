// Whatever comes from the processes that start workers is a report or is passed over.
#include <string_view>

#include "local/worker/fork_report.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  lambdapool::local::read_fork_report({reinterpret_cast<const char*>(data), size});
  return 0;
}
