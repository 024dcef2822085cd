// Why a revision did not come up: Cloud Run says only that it did not, and the log of the revision the rest.
#pragma once

#include <string>

#include "core/error.hpp"
#include "deploy/session.hpp"
#include "gcp/run/service.hpp"

namespace lambdapool::deploy {

enum class Wait { no, yes };  // for lines that are on their way still: a log is a few seconds behind

struct LastWords {
  std::string text = {};   // "its log ends with: a | b", or why it cannot be read; "" where it has none
  std::string lines = {};  // as they are
};

// Of a revision's log.
LastWords last_words(Session& session, const gcp::run::Service& service, const std::string& revision,
                     Wait wait);

// As one sentence.
std::string with_words(std::string sentence, const LastWords& words);

// `error`: of a change of the service that was `before`. With the last lines of the log, where it is that a
// new revision did not come up.
Error explained(Session& session, const gcp::run::Service& before, Error error);

}  // namespace lambdapool::deploy
