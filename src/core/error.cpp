#include "core/error.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

namespace lambdapool {

std::string system_reason(int error_number) {
  if (error_number == ENOSPC || error_number == EDQUOT) return "the disk is full";
  if (error_number == EFBIG) return "a file may not become so large (ulimit -f)";
  return std::strerror(error_number);
}

std::string reason_of(const std::exception& failure) {
  if (dynamic_cast<const std::bad_alloc*>(&failure) != nullptr)
    return "there is no memory left; look at its limit (ulimit -v) and at memory.max of the cgroup";
  return failure.what();
}

void check_failed(const char* expression, const char* file, int line) {
  std::fprintf(stderr, "lambdapool: bug: %s does not hold at %s:%d\n", expression, file, line);
  std::abort();
}

}  // namespace lambdapool
