#include "where.hpp"

#include <utility>

#include "core/environment.hpp"

namespace lambdapool::python {

target::TargetOptions target_options(const Where& where) {
  target::TargetOptions options;
  options.target = where.target;
  options.aws = {.access_key_id = where.access_key_id,
                 .secret_access_key = where.secret_access_key,
                 .session_token = where.session_token,
                 .profile = where.profile,
                 .region = where.region};
  options.project = where.project;
  options.python = where.python;
  options.allow_http = where.allow_http;
  return options;
}

deploy::Connection connection_to(const Where& where) {
  auto variables = Environment::of_this_process().all();
  if (!where.python.empty()) variables.erase("VIRTUAL_ENV");
  return {target_options(where), Environment(std::move(variables)), where.python};
}

}  // namespace lambdapool::python
