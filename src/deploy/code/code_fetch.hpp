// The code that a function has, fetched so that it can be put back.
#pragma once

#include <optional>
#include <string>

#include "deploy/session.hpp"

namespace lambdapool::deploy {

// The zip behind GetFunction's Code.Location, if it can be had and is the one of this hash.
std::optional<std::string> fetch_code(const Session& session, const std::string& url,
                                      const std::string& sha256_base64);

}  // namespace lambdapool::deploy
