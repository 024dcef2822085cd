#include "deploy/connection.hpp"

#include <utility>

#include "local/service.hpp"
#include "target/project_place.hpp"

namespace lambdapool::deploy {

Connection::Connection(target::TargetOptions options, Environment environment, std::filesystem::path program)
    : options_(std::move(options)), environment_(std::move(environment)), program_(std::move(program)) {}

Connection Connection::in_project(target::TargetOptions options, Environment environment,
                                  std::filesystem::path program) {
  auto taken = target::take_from_project(options, environment);
  Connection connection(std::move(options), std::move(environment), std::move(program));
  connection.project_ = std::move(taken);
  return connection;
}

Connection Connection::at_home(const std::filesystem::path& home) const {
  auto options = options_;
  options.home = home;
  Connection connection(std::move(options), environment_, program_);
  connection.project_ = project_;
  return connection;
}

std::string Connection::target_name() const {
  return options_.target.value_or(environment_.get("LAMBDAPOOL_TARGET").value_or("aws"));
}

Result<std::filesystem::path> Connection::home() const {
  return options_.home ? Result<std::filesystem::path>(*options_.home) : local::default_home(environment_);
}

Result<target::Target> Connection::target(const StopToken& stop) {
  if (target_) return *target_;
  if (!project_) return tl::unexpected(project_.error());
  auto options = options_;
  options.give_up = [stop] { return stop.is_wanted(); };
  auto resolved = target::resolve(options, environment_);
  if (!resolved && resolved.error().kind == ErrorKind::cancelled)
    return fail(ErrorKind::cancelled, "interrupted: nothing was changed.");
  if (resolved) target_ = *resolved;
  return resolved;
}

}  // namespace lambdapool::deploy
