// Whether an answer to Invoke is the one to the call that it came for, looked at before anything believes it.
#pragma once

#include <optional>
#include <string>

#include "core/envelope.hpp"
#include "core/error.hpp"
#include "http/message.hpp"

namespace lambdapool::pool {

// `echo`: what the call's envelope carried; "" where it was no envelope, and then nothing is doubted.
// Refusals of the service and errors of the function's platform carry no echo, and are judged by who reads
// them. Error kind protocol where the answer cannot be read or is another call's: the function may have run.
// Error kind code_mismatch where the worker knows no echo: sent again, it would answer the same. `function`:
// as the pool names it. `told`: gets what a believed outcome says of the function.
std::optional<Error> doubt_about(const http::Response& response, const std::string& echo,
                                 const std::string& function, envelope::Told* told = nullptr);

}  // namespace lambdapool::pool
