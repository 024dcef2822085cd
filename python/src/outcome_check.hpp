// Whether an outcome may be unpickled: a pickle runs what it names, so it is read only where a Python of ours
// has made it, and code by value (its byte code) only where that Python is of this one's version.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "aws/lambda/invoke.hpp"
#include "core/envelope.hpp"
#include "core/error.hpp"

namespace lambdapool::python {

inline constexpr std::string_view codec = "pickle";

// Why not; nullopt where it may. `own_peer`: this Python's "major.minor".
std::optional<Error> refusal_to_unpickle(const envelope::Envelope& outcome, const std::string& own_peer);

// What a worker answered, unwrapped, unless it is nothing that this Python should unpickle.
Result<envelope::Envelope> body_of(Result<aws::Invoked>& answer, const std::string& own_peer);

}  // namespace lambdapool::python
