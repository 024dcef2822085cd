// One invocation's payload in, its answer out. No sockets, and the clock is given.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "core/limits.hpp"
#include "runtime/blobs.hpp"
#include "runtime/early.hpp"
#include "runtime/program.hpp"

namespace lambdapool::runtime {

// The task was not run: goes out as a function error.
struct NotRun {
  std::string type;  // LambdapoolProtocolError, LambdapoolCodeMismatch or LambdapoolBlobError
  std::string message;
};

std::string describe(const NotRun& why);  // as JSON: the answer's body

struct Limits {
  std::size_t response_bytes = limits::response_payload_bytes_max;
  std::size_t raw_bytes = limits::response_payload_bytes_max / 2;  // of an answer's body that goes as it is
  // Whose limit for an answer it is, its size, and the way out; "" for Lambda's.
  std::string of = {};
  std::size_t enough_bytes = 1 << 20;  // an answer of this size is not added to
};

using Now = std::function<std::chrono::system_clock::time_point()>;

// Items are run in order. An answer may be partial: no other item is started once the answer has enough
// bytes, or once less than twice the longest item's time is left until the deadline; the client sends the
// rest again. `blobs`: for data that did not fit the call, and an answer that does not; without, there is
// none. `ways`: where outcomes are told ahead of the answer, and one goes that fits no other way, if the task
// wants that. "": it has gone there.
tl::expected<std::string, NotRun> perform(std::string_view payload, const ProgramIdentity& mine,
                                          std::chrono::system_clock::time_point deadline, const Now& now,
                                          const Limits& limits = {}, Blobs* blobs = nullptr,
                                          const EarlyWays& ways = {});

}  // namespace lambdapool::runtime
