#include "core/shared_parts.hpp"

#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>
#include <utility>

#include "core/part_frames.hpp"

namespace lambdapool {

// Sealed, so that a task cannot take from under us what we read.
std::unique_ptr<SharedParts> SharedParts::make() {
  Descriptor fd(::memfd_create("lambdapool-parts", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd || ::ftruncate(fd.get(), bytes) != 0 ||
      ::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
    return nullptr;
  void* const memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (memory == MAP_FAILED) return nullptr;
  return std::unique_ptr<SharedParts>(new SharedParts(std::move(fd), memory));
}

SharedParts::~SharedParts() { ::munmap(memory_, bytes); }

void SharedParts::begin(Begun begun) {
  if (begun == Begun::not_yet) {
    numbers().size = 0;
    numbers().begun = 0;
  }
  seen_ = taken_ = 0;
}

std::string SharedParts::look() {
  const std::size_t before = std::exchange(seen_, size());
  return up_to(std::min(before, seen_));
}

std::string SharedParts::rest() {
  std::string parts = up_to(size());
  const std::uint64_t begun = numbers().begun;
  if (parts.empty() && begun == 0) return parts;
  constexpr std::uint64_t any = UINT32_MAX;
  return parts + part_frame('B', {0, static_cast<std::uint32_t>(std::min(begun, any))});
}

std::size_t SharedParts::size() {
  const std::uint64_t told = numbers().size;
  return static_cast<std::size_t>(std::min<std::uint64_t>(told, bytes - sizeof(Numbers)));
}

std::string SharedParts::up_to(std::size_t end) {
  if (end <= taken_) return {};
  const std::size_t begin = std::exchange(taken_, end);
  return {memory_ + sizeof(Numbers) + begin, end - begin};
}

}  // namespace lambdapool
