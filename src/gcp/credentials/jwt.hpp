// JSON web tokens, as Google has them: signed with a service account's key, and read for the time of their
// end.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "core/error.hpp"

namespace lambdapool::gcp {

// `claims`: a JSON object. RS256. Error kind credentials: the key is no private RSA key in PEM.
Result<std::string> sign_jwt(std::string_view claims, const std::string& key_id,
                             const std::string& private_key);

// Its exp, whoever has signed it; nullopt where it is no JWT or has none.
std::optional<std::chrono::system_clock::time_point> end_of_jwt(std::string_view token);

}  // namespace lambdapool::gcp
