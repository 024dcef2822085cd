#include "core/given_back.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

namespace lambdapool {

const char* give_back(const char* from, const char* to) {
  static const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = (reinterpret_cast<std::uintptr_t>(from) + page - 1) / page * page;
  const auto end = reinterpret_cast<std::uintptr_t>(to) / page * page;
  if (begin >= end) return from;
  ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
  return reinterpret_cast<const char*>(end);
}

}  // namespace lambdapool
