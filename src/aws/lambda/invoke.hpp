// Invoke: build a request, parse its response.
#pragma once

#include <string>
#include <string_view>

#include "cloud/caller.hpp"
#include "core/error.hpp"
#include "http/message.hpp"

namespace lambdapool::aws {

// `name` may be a name, name:qualifier, partial ARN or ARN.
http::Request invoke_request(const std::string& name, std::string payload);

// The same invocation, whose answer answer_stream.hpp reads as it comes; and the targets of both, one from
// the other.
http::Request invoke_streaming_request(const std::string& name, std::string payload);
std::string streaming_target(std::string_view plain);
std::string plain_target(std::string_view streaming);

// Runs nothing: 204 says that the function could be invoked, by this caller.
http::Request invoke_dry_run_request(const std::string& name);

using cloud::Invoked;
// A function error (X-Amz-Function-Error) is an Error too: kind by its body's errorType and the log's
// REPORT line: timed_out, out_of_memory, worker_died, payload_too_large, code_mismatch, protocol, else
// function_error; `detail` is the payload, `log_tail` the log in plain text. `function`: what was
// invoked, so that the message can name it.
Result<Invoked> parse_invoke(http::Response response, std::string_view function = {});

}  // namespace lambdapool::aws
