// Memory of a worker in which its runtime puts outcomes ahead of their answer (docs/protocol.md, Parts). Who
// dies leaves there what was finished; who lives need not be asked, nor wake anybody.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "core/descriptor.hpp"

namespace lambdapool {

class SharedParts {
 public:
  static constexpr std::size_t bytes = std::size_t{4} << 20;  // taken only where something is written

  static std::unique_ptr<SharedParts> make();  // null, and errno says why
  ~SharedParts();
  SharedParts(const SharedParts&) = delete;
  SharedParts& operator=(const SharedParts&) = delete;

  Descriptor take_descriptor() { return std::move(fd_); }  // for the worker, once

  // An invocation comes: nothing of it is there. One that the runtime may have begun: nothing of another is,
  // as the runtime has seen to.
  enum class Begun { not_yet, perhaps };
  void begin(Begun begun = Begun::not_yet);
  // What has come since. What came just now is left for the next time: its writer orders nothing.
  std::string look();
  // Whoever wrote is gone: all the rest, and how many items had begun.
  std::string rest();

 private:
  struct Numbers {
    std::uint64_t size;
    std::uint64_t begun;
  };

  SharedParts(Descriptor fd, void* memory) : fd_(std::move(fd)), memory_(static_cast<char*>(memory)) {}
  volatile Numbers& numbers() { return *reinterpret_cast<volatile Numbers*>(memory_); }
  std::size_t size();
  std::string up_to(std::size_t end);

  Descriptor fd_;
  char* const memory_;
  std::size_t seen_ = 0;
  std::size_t taken_ = 0;
};

}  // namespace lambdapool
