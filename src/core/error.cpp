#include "core/error.hpp"

#include <cstdio>
#include <cstdlib>

namespace lambdapool {

void check_failed(const char* expression, const char* file, int line) {
  std::fprintf(stderr, "lambdapool: bug: %s does not hold at %s:%d\n", expression, file, line);
  std::abort();
}

}  // namespace lambdapool
