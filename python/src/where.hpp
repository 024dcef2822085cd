// Which target, and as whom, from Python's arguments.
#pragma once

#include <optional>
#include <string>

#include "deploy/connection.hpp"
#include "target/target.hpp"

namespace lambdapool::python {

struct Where {
  std::optional<std::string> target, region, project, profile, access_key_id, secret_access_key,
      session_token;
  bool allow_http = false;
  std::string python;  // the interpreter that calls
};

target::TargetOptions target_options(const Where& where);

// The Python that calls functions is `where.python`, whatever is active in the shell.
deploy::Connection connection_to(const Where& where);

}  // namespace lambdapool::python
