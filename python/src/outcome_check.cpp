#include "outcome_check.hpp"

#include <algorithm>
#include <utility>

#include "aws/lambda/invoke.hpp"
#include "core/encoding.hpp"

namespace lambdapool::python {
namespace {

// How cloudpickle's own functions appear in a pickle: a short string with its length before it.
constexpr std::string_view by_value =
    "\x8c\x17"
    "cloudpickle.cloudpickle";

// Pickles of protocol 5 are the same for every Python 3 that the agent runs on.
bool is_known(std::string_view peer) {
  if (!peer.starts_with("3.") || peer.size() < 3 || peer.size() > 4) return false;
  const auto minor = peer.substr(2);
  const bool digits = std::ranges::all_of(minor, [](char c) { return c >= '0' && c <= '9'; });
  return digits && (minor.size() == 2 ? minor[0] != '0' : minor == "9");
}

}  // namespace

std::optional<Error> refusal_to_unpickle(const envelope::Envelope& outcome, const std::string& own_peer) {
  if (outcome.codec != codec)
    return Error{ErrorKind::code_mismatch,
                 "the function is not a Python function of lambdapool: it answered with the codec \"" +
                     outcome.codec + "\"; deploy a Python package with `lambdapool create`"};
  if (outcome.peer == own_peer) return std::nullopt;
  if (!is_known(outcome.peer))
    return Error{
        ErrorKind::protocol,
        "the answer says that a Python \"" + outcome.peer +
            "\" has made it (its peer), which this lambdapool does not know, so it was not unpickled"};
  if (outcome.body.find(by_value) == std::string::npos) return std::nullopt;
  return Error{ErrorKind::code_mismatch,
               "the answer carries code of Python " + outcome.peer +
                   " (a lambda, a closure, or something of __main__), but this is Python " + own_peer +
                   ", so it was not unpickled; run the client with Python " + outcome.peer +
                   ", or return what a deployed module defines"};
}

Result<envelope::Envelope> body_of(Result<aws::Invoked>& answer, const std::string& own_peer) {
  if (!answer) return tl::unexpected<Error>(std::move(answer.error()));
  auto decoded = envelope::decode_taken(envelope::Direction::outcome, std::move(answer->payload));
  std::optional<Error> refusal;
  if (decoded) {
    refusal = refusal_to_unpickle(*decoded, own_peer);
    if (!refusal) return std::move(*decoded);
  }
  Error error = refusal ? std::move(*refusal) : std::move(decoded.error());
  error.message += "; the function may have run";
  error.request_id = answer->request_id;
  if (!error.request_id.empty()) error.message += " (request id " + error.request_id + ")";
  error.log_tail = base64_decode(answer->log_tail_base64).value_or("");
  return tl::unexpected<Error>(std::move(error));
}

}  // namespace lambdapool::python
