#include "cli/verbs.hpp"

namespace lambdapool::cli {

deploy::Connection Context::connection() const {
  target::TargetOptions where;
  where.target = options.target;
  where.aws.region = options.region;
  where.project = options.project;
  where.aws.profile = options.profile;
  return deploy::Connection::in_project(std::move(where), environment, program);
}

deploy::StopToken Context::stop() const {
  return deploy::StopToken([&signal = interruption] { return signal.raised(); });
}

}  // namespace lambdapool::cli
