// What a look at a target finds: what it is, and how to mend it where it is wrong.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "deploy/connection.hpp"
#include "deploy/stop_token.hpp"

namespace lambdapool::deploy {

struct Finding {
  enum class Level { ok, note, problem };  // a note may be wanted so; a problem keeps something from working
  Level level = Level::ok;
  std::string topic;
  std::string text;
  std::string mend = {};
};

using Findings = std::vector<Finding>;

bool has_problem(const Findings& findings);

// Looks at the connection's target, and at a function there if one is named. What ends the look early,
// but for a wish to stop, is a finding. Errors: invalid_argument (the name), cancelled, credentials.
Result<Findings> examine(Connection& connection, const std::optional<std::string>& function = {},
                         const StopToken& stop = {});

}  // namespace lambdapool::deploy
