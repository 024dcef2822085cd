#include "core/error.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace lambdapool {

std::string system_reason(int error_number) {
  return error_number == ENOSPC || error_number == EDQUOT ? "the disk is full" : std::strerror(error_number);
}

void check_failed(const char* expression, const char* file, int line) {
  std::fprintf(stderr, "lambdapool: bug: %s does not hold at %s:%d\n", expression, file, line);
  std::abort();
}

}  // namespace lambdapool
