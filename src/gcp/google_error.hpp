// What an API of Google says when it says no: google.rpc.Status as JSON.
#pragma once

#include "core/error.hpp"
#include "http/message.hpp"

namespace lambdapool::gcp {

// Of an answer with status 400 or more. `code` is the status's name ("NOT_FOUND"), `reason` that of its
// ErrorInfo
// ("SERVICE_DISABLED").
Error google_error(const http::Response& response);

// Of the error of a long-running operation: google.rpc.Code's number and its message.
Error operation_error(int code, const std::string& message);

}  // namespace lambdapool::gcp
