#include <algorithm>
#include <initializer_list>

#include "cli/project_file.hpp"
#include "cli/verbs.hpp"

namespace lambdapool::cli {

namespace {

bool has_any(const Environment& environment, std::initializer_list<const char*> names) {
  return std::ranges::any_of(names, [&](const char* name) { return environment.get(name).has_value(); });
}

// What is given counts more than a variable, and that more than the project's file.
void take_from_project(target::TargetOptions& options, const Environment& environment) {
  const auto target = options.target ? options.target : environment.get("LAMBDAPOOL_TARGET");
  const bool is_google = target == "gcp" || target == "gcp-local";
  const ProjectPlace place = place_of_project();
  const bool has_region = is_google
                              ? has_any(environment, {"GOOGLE_CLOUD_REGION", "CLOUDSDK_RUN_REGION",
                                                      "CLOUDSDK_FUNCTIONS_REGION", "CLOUDSDK_COMPUTE_REGION"})
                              : has_any(environment, {"AWS_REGION", "AWS_DEFAULT_REGION"});
  if (!options.aws.region && !has_region) options.aws.region = place.region;
  const bool has_project =
      has_any(environment, {"GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT"});
  if (is_google && !options.project && !has_project) options.project = place.project;
}

}  // namespace

deploy::Connection Context::connection() const {
  target::TargetOptions target;
  target.target = options.target;
  target.aws.region = options.region;
  target.project = options.project;
  target.aws.profile = options.profile;
  take_from_project(target, environment);
  return {std::move(target), environment, program};
}

deploy::StopToken Context::stop() const {
  return deploy::StopToken([&signal = interruption] { return signal.raised(); });
}

}  // namespace lambdapool::cli
