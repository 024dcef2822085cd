// What a function has returned, as the answer of its URL (payload format version 2.0), and the URL's own
// answers.
#pragma once

#include <string>
#include <tl/expected.hpp>

#include "http/message.hpp"

namespace lambdapool::local {

// {"Message": ...}, as Lambda answers for a URL.
http::Response url_refusal(int status, const std::string& message);

// `result`: the JSON that the function has returned. An object with statusCode says the answer; anything else
// is the body of a 200. 502 where it says one that cannot be.
http::Response url_answer(const std::string& result);

// What begins a streamed answer, without its body: `prelude` is a JSON object of statusCode, headers and
// cookies, all optional. Error: the 502 where it says one that cannot be.
tl::expected<http::Response, http::Response> url_head(const std::string& prelude);

// The 502 for a function that has failed with `error`.
http::Response url_failure(const std::string& error);

// Of an invocation: as above, or 502 where the function has failed, or what kept it from running.
http::Response url_answer_of(http::Response invoked);

}  // namespace lambdapool::local
