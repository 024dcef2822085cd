// A clock that is wrong here makes AWS refuse every signature. Its answer has the right time in its Date, so
// that the refused request can be signed again, once, and what follows is signed right at first.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "core/error.hpp"

namespace lambdapool::clock_skew {

using Time = std::chrono::system_clock::time_point;
using Offset = std::chrono::seconds;  // to be added to this machine's clock

// Whether the service refused a signature for its time.
bool is_about_time(const Error& refusal);

// The offset to sign with from now on; nullopt where `refusal` is not about time, or `date` (the answer's
// header) does not say that the clock is to blame. The refused request was signed with the offset `used`.
std::optional<Offset> correction(const Error& refusal, std::string_view date, Time now, Offset used);

// RFC 9110's preferred form: "Sun, 06 Nov 1994 08:49:37 GMT".
std::optional<Time> parse_http_date(std::string_view text);

}  // namespace lambdapool::clock_skew
