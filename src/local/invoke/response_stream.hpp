// The answer to InvokeWithResponseStream: a payload as frames of application/vnd.amazon.eventstream, then one
// that says how the invocation ended. The frames come once the function has answered.
#pragma once

#include <string>
#include <string_view>

#include "http/message.hpp"
#include "local/worker/invocation.hpp"

namespace lambdapool::local {

// `type`: PayloadChunk or InvokeComplete.
std::string event_frame(std::string_view type, std::string_view content_type, std::string_view payload);

// The result is no refusal. An error of the function is in the last frame: its errorType, and all of it.
http::Response stream_response(InvocationResult result, const std::string& version, bool log_tail);

}  // namespace lambdapool::local
