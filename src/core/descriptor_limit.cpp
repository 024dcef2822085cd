#include "core/descriptor_limit.hpp"

#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

namespace lambdapool {
namespace {

constexpr rlim_t raised_most = 65'536;

}  // namespace

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const rlim_t wanted = std::min(limit.rlim_max, raised_most);  // RLIM_INFINITY is the largest number
  if (limit.rlim_cur >= wanted) return;
  limit.rlim_cur = wanted;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

std::size_t descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return raised_most;
  return static_cast<std::size_t>(limit.rlim_cur);
}

std::size_t descriptors_used() {
  const int next = ::eventfd(0, EFD_CLOEXEC);
  if (next < 0) return descriptor_limit();
  ::close(next);
  return static_cast<std::size_t>(next);
}

Result<void> require_descriptors(std::size_t needed, const std::string& what) {
  const std::size_t limit = descriptor_limit(), used = descriptors_used();
  if (used + needed <= limit) return {};
  return fail(ErrorKind::io, "This process may have " + std::to_string(limit) + " files open and has " +
                                 std::to_string(used) + "; " + what + " needs " + std::to_string(needed) +
                                 " more. Raise the limit (ulimit -n 1024).");
}

}  // namespace lambdapool
