// An invocation, as it goes from the control plane to a worker's runtime, and what came of it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/in_process.hpp"
#include "local/control/refusal.hpp"

namespace lambdapool::local {

struct Invocation {
  std::string request_id;
  std::string payload;
  std::string invoked_arn;          // qualified only if the caller gave a qualifier
  std::string client_context = {};  // decoded JSON, or ""
  // Of a caller who takes what the function streams, as it comes: first "", then the pieces. Such an answer
  // may be larger, and then nothing of it is in the result's payload.
  std::function<void(std::string_view piece)> stream = {};
  std::function<void(std::string content_type)> stream_begins = {};  // before that; may be empty
  // Of a caller who takes what our own runtime tells ahead of its answer (docs/protocol.md, Parts), as it
  // comes.
  std::function<void(std::string_view piece)> parts = {};
  std::shared_ptr<http::Turn> turn = {};  // of a caller in this process
  std::function<void()> begun = {};       // of one that was early: it is its turn
  // Of a caller who takes what the function writes, as it comes: frames of the same kind.
  std::function<void(std::string_view frame)> output = {};
};

inline bool is_row(const Invocation& invocation) { return invocation.turn && invocation.turn->items > 1; }

struct InvocationResult {
  std::string payload;
  bool function_error = false;          // X-Amz-Function-Error: Unhandled
  std::string log;                      // START ... REPORT; of what the function wrote, the end
  std::optional<Refusal> refusal = {};  // it has not been run, and this is why
};

}  // namespace lambdapool::local
