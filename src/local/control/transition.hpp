// From Pending to Active, or to Failed: what goes on between an answer and the function's being ready.
#pragma once

#include <cstdint>
#include <string>

#include "local/store/code_store.hpp"
#include "local/store/database.hpp"

namespace lambdapool::local {

// A version that is to become active: done after the answer was sent, so that clients see it Pending first.
struct Transition {
  std::string function;
  std::string version;
  std::string revision;  // nothing is done if somebody has changed it since
};

// Carries a transition out: code in place, then active. Nothing where it is done already.
void finish_transition(Database& database, CodeStore& code, const Transition& transition,
                       std::int64_t now_ms);

// A version that is active and whose code turned out to be gone.
void note_failed_update(Database& database, const std::string& function, const std::string& version,
                        const std::string& reason, std::int64_t now_ms);

}  // namespace lambdapool::local
