// What an answer carries, once it is known whose it is.
#pragma once

#include <string>

#include "api/transport.hpp"
#include "core/envelope.hpp"
#include "core/error.hpp"
#include "lambdapool/codec/bytes.hpp"

namespace lambdapool::api {

// Nothing of a body is decoded unless the program that made it is this one. `own_peer`: as envelopes name it.
// Error kinds code_mismatch and protocol.
Result<void> check_maker(const envelope::Envelope& envelope, const std::string& own_peer);
// What is large is taken out of the reply, not copied.
Result<std::string> outcome_body(Reply& reply, const std::string& own_peer);

Error unreadable(const MalformedMessage& malformed);  // a body

}  // namespace lambdapool::api
