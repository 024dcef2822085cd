// Small tasks and their answers in packets, beside the Runtime API's HTTP (docs/protocol.md, Packets): there
// is nothing to parse, and the next task may have come while one runs. So all that the local Lambda has to
// know of one it knows before the next is taken: a packet waits behind the answer, and what goes over HTTP
// has been acknowledged.
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "runtime/channel.hpp"

namespace lambdapool::runtime {

class Packets {
 public:
  // Of an inherited socket, which this then owns, and which is told that the worker is free; null: there is
  // none. `channel`: for what does not fit. `memory_mb`: the function's. `log`: where its output goes.
  static std::unique_ptr<Packets> on_descriptor(const std::string& number, Channel& channel,
                                                std::uint64_t memory_mb, int log = STDOUT_FILENO);
  Packets(const Packets&) = delete;
  Packets& operator=(const Packets&) = delete;
  ~Packets();

  // These wait for the next invocation. Error kind network: the service is gone.
  Result<Invocation> first();
  Result<Invocation> answer(const Invocation& answered, Answered kind, std::string_view body,
                            std::string_view error_type = {});
  // An answer is streamed over the channel, and the next invocation comes there.
  void stand_aside() { by_packet_ = false; }

 private:
  Packets(int socket, Channel& channel, std::uint64_t memory_mb, int log);
  Result<void> send(std::string_view packet);
  ssize_t receive();  // into the room, which still has the last one
  Result<Invocation> next();
  bool is_short_of_memory();
  bool mark(const std::string& request_id);

  const int socket_;
  Channel& channel_;
  const int log_;
  const std::uint64_t enough_kb_;
  std::chrono::steady_clock::time_point looked_ = {};  // at the memory
  int pause_ = 0;                                      // so many tasks
  bool by_packet_ = false;                             // the invocation came
  std::string room_;
};

}  // namespace lambdapool::runtime
