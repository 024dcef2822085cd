// What a fork server says about itself and its workers: one packet, one JSON object. It runs users' code in
// its children, so nothing that it sends is taken for granted.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lambdapool::local {

struct ForkReport {
  enum class Kind { ready, unfit, started, failed, exited };
  Kind kind = Kind::ready;
  std::uint32_t id = 0;         // of the worker; not of ready, unfit
  std::string executable = {};  // ready: the interpreter that runs
  bool mounts = false;          // ready: it can give workers roots of their own
  int pid = -1;                 // started
  std::string reason = {};      // failed, unfit
  std::string module = {};      // unfit: after whose import; "": none is to blame
  int status = 0;               // exited: as wait() has it
  std::uint64_t peak_kb = 0;    // exited: its largest resident size
};

// nullopt: it is none. Members that are missing or of another type are as above.
std::optional<ForkReport> read_fork_report(std::string_view packet);

}  // namespace lambdapool::local
