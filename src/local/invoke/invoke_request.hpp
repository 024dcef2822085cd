// An Invoke request, read and checked before it touches a function. The texts are those
// that AWS answered when they were recorded (tests/python/test_boto3_recorded.py).
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "http/message.hpp"
#include "local/control/arn.hpp"
#include "local/control/refusal.hpp"
#include "local/control/router.hpp"

namespace lambdapool::local {

// How a caller takes what a function streams: not as it comes, as InvokeWithResponseStream's frames, or as
// the answer of a function's URL.
enum class Streaming { none, frames, url };

enum class InvocationType { request_response, event, dry_run };

struct InvokeRequest {
  FunctionReference reference;
  InvocationType type = InvocationType::request_response;
  bool log_tail = false;
  std::string client_context;  // decoded JSON, or ""
  Streaming streaming = Streaming::none;
  std::function<void(std::string_view piece)> ahead =
      {};               // of a caller in this process: see Invocation::parts
  bool output = false;  // the caller takes what the function writes, likewise
};

inline bool is_invoke(Operation operation) {
  return operation == Operation::invoke || operation == Operation::invoke_streaming;
}

OrRefusal<InvokeRequest> read_invoke_request(const http::Request& request, const Route& route,
                                             const std::string& region);

// Lambda's limits, to the byte; what is larger than `large_payload` is better checked off the event loop.
inline constexpr std::size_t large_payload = std::size_t{256} << 10;
OrRefusal<void> check_payload_size(std::size_t bytes, InvocationType type);
OrRefusal<void> check_payload_json(std::string_view payload);  // an empty one stands for {}

// The last 4 KB of a log, base64: X-Amz-Log-Result.
std::string log_result(std::string_view log);

}  // namespace lambdapool::local
