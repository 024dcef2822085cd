// Whether an answer to Invoke is the one to the call that it came for, looked at before anything believes it.
#pragma once

#include <optional>
#include <string>

#include "core/envelope.hpp"
#include "core/error.hpp"
#include "http/message.hpp"

namespace lambdapool::pool {

// Of the function's own answers (cloud::Caller::is_outcome); refusals of the service and errors of its
// platform carry no echo. `echo`: what the call's envelope carried; "" where it was no envelope, and then
// nothing is doubted. Error kind protocol where the answer cannot be read or is another call's: the function
// may have run. Error kind code_mismatch where the worker knows no echo: sent again, it would answer the
// same. `function`: as the commands name it. `told`: gets what a believed outcome says of the function.
std::optional<Error> doubt_about(const http::Response& response, const std::string& echo,
                                 const std::string& function, envelope::Told* told = nullptr,
                                 const std::string& service = "Lambda");

}  // namespace lambdapool::pool
