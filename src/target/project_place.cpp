#include "target/project_place.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <sstream>
#include <string>
#include <system_error>
#include <toml.hpp>

#include "core/toml_nesting.hpp"
#include "core/trusted_file.hpp"
#include "core/utf8.hpp"

namespace lambdapool::target {
namespace {

namespace fs = std::filesystem;

constexpr const char* project_file = "lambdapool.toml";

struct ProjectPlace {
  std::optional<std::string> region = {};
  std::optional<std::string> project = {};
};

Result<ProjectPlace> place_of_project(const Environment& environment) {
  ProjectPlace place;
  std::error_code error;
  const auto here = fs::current_path(error);
  if (error) return place;
  const auto path = find_trusted_above(here, project_file, environment);
  if (!path) return tl::unexpected(path.error());
  if (!*path) return place;
  std::ifstream file(**path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  // toml11 compares iterators of two strings where it tells of bytes that are not UTF-8.
  if (!file || !utf8::is_valid(text) || line_nested_too_deep(text)) return place;
  try {
    std::istringstream in(text);
    const auto content = toml::parse(in, project_file).as_table();
    for (const auto& [name, to] : {std::pair("region", &place.region), std::pair("project", &place.project)})
      if (const auto found = content.find(name); found != content.end() && found->second.is_string())
        *to = std::string(found->second.as_string());
  } catch (const std::exception&) {
    return ProjectPlace{};
  }
  return place;
}

bool has_any(const Environment& environment, std::initializer_list<const char*> names) {
  return std::ranges::any_of(names, [&](const char* name) { return environment.get(name).has_value(); });
}

}  // namespace

Result<void> take_from_project(TargetOptions& options, const Environment& environment) {
  const auto target = options.target ? options.target : environment.get("LAMBDAPOOL_TARGET");
  const bool is_gcp = target == "gcp", is_gcp_local = target == "gcp-local";
  const bool has_region = is_gcp
                              ? has_any(environment, {"GOOGLE_CLOUD_REGION", "CLOUDSDK_RUN_REGION",
                                                      "CLOUDSDK_FUNCTIONS_REGION", "CLOUDSDK_COMPUTE_REGION"})
                          : is_gcp_local ? has_any(environment, {"GOOGLE_CLOUD_REGION"})
                                         : has_any(environment, {"AWS_REGION", "AWS_DEFAULT_REGION"});
  const bool has_project =
      is_gcp ? has_any(environment, {"GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT"})
             : !is_gcp_local || has_any(environment, {"GOOGLE_CLOUD_PROJECT"});
  const bool wants_region = !options.aws.region && !has_region;
  const bool wants_project = !options.project && !has_project;
  if (!wants_region && !wants_project) return {};
  auto place = place_of_project(environment);
  if (!place) return tl::unexpected(std::move(place.error()));
  if (wants_region) options.aws.region = place->region;
  if (wants_project) options.project = place->project;
  return {};
}

}  // namespace lambdapool::target
