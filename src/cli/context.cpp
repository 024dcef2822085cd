#include "cli/verbs.hpp"

namespace lambdapool::cli {

deploy::Connection Context::connection() const {
  target::TargetOptions target;
  target.target = options.target;
  target.aws.region = options.region;
  target.project = options.project;
  target.aws.profile = options.profile;
  return {std::move(target), environment, program};
}

deploy::StopToken Context::stop() const {
  return deploy::StopToken([&signal = interruption] { return signal.raised(); });
}

}  // namespace lambdapool::cli
