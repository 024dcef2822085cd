#include "deploy/run/run_versions.hpp"

#include <algorithm>
#include <utility>

#include "deploy/run/operation.hpp"
#include "gcp/run/services.hpp"

namespace lambdapool::deploy {
namespace {

namespace run = gcp::run;

constexpr std::size_t tag_digits = 12;  // a tag and its service's name share the label of a host name
constexpr std::chrono::hours tag_stays{24};

bool is_version_tag(const std::string& tag) {
  return tag.size() == 1 + tag_digits && tag.front() == 'v' &&
         std::all_of(tag.begin() + 1, tag.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_old(Session& session, const run::Service& service, const std::string& revision,
            std::chrono::system_clock::time_point now) {
  const auto made =
      call(session, run::get_revision_request(service.name, revision), run::parse_revision_time);
  return made ? now - *made > tag_stays : made.error().kind == ErrorKind::not_found;
}

// They stand in the order in which they were made.
void drop_old_versions(Session& session, run::Service& service, int kept,
                       std::chrono::system_clock::time_point now) {
  auto beyond =
      std::ranges::count_if(service.traffic, [](const auto& one) { return is_version_tag(one.tag); }) - kept;
  std::erase_if(service.traffic, [&](const run::Traffic& target) {
    if (!is_version_tag(target.tag) || beyond-- <= 0) return false;
    return target.percent == 0 && is_old(session, service, target.revision, now);
  });
}

}  // namespace

std::string tag_of_version(const std::string& digest) { return "v" + digest.substr(0, tag_digits); }

bool has_version(const run::Service& service, const std::string& tag) {
  return std::ranges::any_of(service.traffic_in_force, [&](const auto& one) { return one.tag == tag; });
}

Result<void> tag_version(Session& session, run::Service service, const std::string& tag, int kept,
                         std::chrono::system_clock::time_point now) {
  const std::string& latest = service.latest_ready_revision;
  if (service.traffic.empty()) service.traffic.push_back({.percent = 100});
  std::erase_if(service.traffic, [&](const auto& one) { return one.tag == tag && one.percent == 0; });
  service.traffic.push_back({.revision = latest.substr(latest.rfind('/') + 1), .tag = tag});
  drop_old_versions(session, service, kept, now);
  const auto tagged =
      bring_to_end(session, session.send(run::update_traffic_request(service), Repeatable::yes));
  if (!tagged) return tl::unexpected(tagged.error());
  return {};
}

}  // namespace lambdapool::deploy
