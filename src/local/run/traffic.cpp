#include "local/run/traffic.hpp"

#include <nlohmann/json.hpp>
#include <regex>
#include <utility>
#include <vector>

namespace lambdapool::local::run {
namespace {

using nlohmann::json;

std::string member(const json& object, const char* name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::string last_part(const std::string& name) { return name.substr(name.rfind('/') + 1); }

int percent_of(const json& target) {
  const auto found = target.find("percent");
  return found != target.end() && found->is_number_integer() ? found->get<int>() : 0;
}

// Enumerations come by name or by number.
bool is_latest(const json& target) {
  const json type = target.value("type", json());
  return type == "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST" || type == 1;
}

std::vector<json> targets_of(const json& service) {
  std::vector<json> targets;
  if (const auto traffic = service.find("traffic"); traffic != service.end() && traffic->is_array())
    for (const json& target : *traffic)
      if (target.is_object()) targets.push_back(target);
  if (targets.empty())
    targets.push_back({{"type", "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"}, {"percent", 100}});
  return targets;
}

std::string revision_of(const json& service, const json& target) {
  return last_part(is_latest(target) ? member(service, "latestReadyRevision") : member(target, "revision"));
}

tl::unexpected<Error> refused(const std::string& why) {
  return fail(ErrorKind::invalid_argument, "traffic: " + why);
}

}  // namespace

Result<void> check_traffic(const json& service, const json& revisions) {
  static const std::regex form("[a-z]([-a-z0-9]*[a-z0-9])?");
  int all = 0;
  std::set<std::string> tags;
  for (const json& target : targets_of(service)) {
    const std::string revision = member(target, "revision");
    const std::string tag = member(target, "tag");
    const int percent = percent_of(target);
    if (!is_latest(target) && !revisions.contains(last_part(revision)))
      return refused("Revision '" + revision +
                     "' is not here; the local Cloud Run keeps those that have traffic or a tag.");
    if (!tag.empty() && (!std::regex_match(tag, form) || !tags.insert(tag).second))
      return refused("'" + tag + "' can be no tag, or is one twice.");
    if (percent != 0 && percent != 100)
      return refused("the local Cloud Run splits none: one revision has 100 percent.");
    all += percent;
  }
  return all == 100 ? Result<void>{} : refused("the percents add up to " + std::to_string(all) + ".");
}

std::string target_revision(const json& service, const std::string& tag) {
  for (const json& target : targets_of(service))
    if (tag.empty() ? percent_of(target) == 100 : member(target, "tag") == tag)
      return revision_of(service, target);
  return "";
}

std::set<std::string> target_revisions(const json& service) {
  std::set<std::string> named;
  for (const json& target : targets_of(service)) named.insert(revision_of(service, target));
  return named;
}

void forget_revisions(const json& service, json& revisions) {
  auto kept = target_revisions(service);
  kept.insert(last_part(member(service, "latestReadyRevision")));
  json left = json::object();
  for (auto& [name, revision] : revisions.items())
    if (kept.contains(name)) left[name] = std::move(revision);
  revisions = std::move(left);
}

json traffic_statuses(const json& service, const std::string& uri) {
  json statuses = json::array();
  for (json& target : targets_of(service)) {
    target["revision"] = revision_of(service, target);
    const std::string tag = member(target, "tag");
    const auto name = uri.rfind('/') + 1;
    if (!tag.empty()) target["uri"] = uri.substr(0, name) + tag + "---" + uri.substr(name);
    statuses.push_back(std::move(target));
  }
  return statuses;
}

}  // namespace lambdapool::local::run
