#include "api/outcome_body.hpp"

#include <utility>

#include "runtime/program.hpp"

namespace lambdapool::api {
namespace {

constexpr const char* has_run = "; the function may have run";

}  // namespace

Result<void> check_maker(const envelope::Envelope& envelope, const std::string& own_peer) {
  if (envelope.codec != "cpp") {
    return fail(ErrorKind::code_mismatch, "the function answered with the codec \"" + envelope.codec +
                                              "\"; it was not made from a C++ executable");
  }
  const auto theirs = runtime::ProgramIdentity::parse(envelope.peer);
  if (compare(runtime::ProgramIdentity::parse(own_peer), theirs) == runtime::Coherence::different)
    return fail(ErrorKind::protocol, "the answer was made by another program than this one (its peer is \"" +
                                         envelope.peer + "\"), so it was not read" + has_run);
  return {};
}

Result<std::string> outcome_body(Reply& reply, const std::string& own_peer) {
  auto envelope = envelope::decode_taken(envelope::Direction::outcome, std::move(reply.payload));
  if (!envelope) {
    envelope.error().message += has_run;
    return tl::unexpected<Error>(envelope.error());
  }
  if (auto checked = check_maker(*envelope, own_peer); !checked)
    return tl::unexpected<Error>(std::move(checked.error()));
  return envelope->stored ? std::move(reply.stored_body) : std::move(envelope->body);
}

Error unreadable(const MalformedMessage& malformed) {
  return {ErrorKind::protocol,
          std::string("the function's answer cannot be read: ") + malformed.what() + has_run};
}

}  // namespace lambdapool::api
