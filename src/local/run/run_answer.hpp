// Answers as the APIs of Google give them.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "core/error.hpp"
#include "http/message.hpp"

namespace lambdapool::local::run {

std::string dumped(const nlohmann::json& value);  // whatever its texts are made of

http::Response json_answer(const std::string& body, int status = 200);

// Of Cloud Run's front end, in the place of a service's own.
http::Response platform_answer(int status, const std::string& text);

// google.rpc.Status over HTTP.
http::Response refusal(int status, const std::string& message);
http::Response refusal(const Error& error);  // 500 for one of the disk, 409 for a conflict, else 400

}  // namespace lambdapool::local::run
