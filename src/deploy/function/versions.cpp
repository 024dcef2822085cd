#include "deploy/function/versions.hpp"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>
#include <vector>

#include "aws/lambda/versions.hpp"
#include "core/timestamp.hpp"
#include "deploy/function/deployed_function.hpp"

namespace lambdapool::deploy {
namespace {

constexpr const char* mark = "lambdapool code ";  // what such a version's description begins with
constexpr std::chrono::hours young{24};

std::int64_t number_of(const aws::FunctionConfiguration& version) {
  std::int64_t number = 0;
  std::from_chars(version.version.data(), version.version.data() + version.version.size(), number);
  return number;  // $LATEST has none
}

// Those that were made by publish_version, the newest first.
Result<std::vector<aws::FunctionConfiguration>> made_versions(Session& session, const std::string& function) {
  std::vector<aws::FunctionConfiguration> made;
  std::optional<std::string> marker;
  do {
    auto page = call(session, aws::list_versions_request(function, marker), aws::parse_list_versions);
    if (!page) return tl::unexpected(page.error());
    for (auto& version : page->versions)
      if (number_of(version) > 0 && version.description.starts_with(mark)) made.push_back(std::move(version));
    marker = std::move(page->next_marker);
  } while (marker);
  std::sort(made.begin(), made.end(),
            [](const auto& a, const auto& b) { return number_of(a) > number_of(b); });
  return made;
}

Result<std::set<std::string>> versions_of_aliases(Session& session, const std::string& function) {
  std::set<std::string> named;
  std::optional<std::string> marker;
  do {
    auto page = call(session, aws::list_aliases_request(function, marker), aws::parse_list_aliases);
    if (!page) return tl::unexpected(page.error());
    for (const auto& alias : page->aliases) named.insert(alias.versions.begin(), alias.versions.end());
    marker = std::move(page->next_marker);
  } while (marker);
  return named;
}

// `name` is qualified: one version is ready on its own.
Result<aws::FunctionConfiguration> ready(Session& session, const std::string& function,
                                         const std::string& version) {
  return wait_until_settled(session, function + ":" + version);
}

}  // namespace

Result<std::optional<aws::FunctionConfiguration>> find_version(Session& session, const std::string& function,
                                                               const std::string& digest) {
  auto made = made_versions(session, function);
  if (!made) return tl::unexpected(made.error());
  for (const auto& version : *made) {
    if (version.description != mark + digest) continue;
    auto found = ready(session, function, version.version);
    if (found) return std::optional(std::move(*found));
    if (found.error().kind != ErrorKind::service && found.error().kind != ErrorKind::not_found)
      return tl::unexpected(found.error());
  }
  return std::optional<aws::FunctionConfiguration>{};
}

Result<aws::FunctionConfiguration> publish_version(Session& session, const aws::FunctionConfiguration& latest,
                                                   const std::string& digest) {
  auto request = aws::publish_version_request({.name = latest.name,
                                               .description = mark + digest,
                                               .code_sha256 = latest.code_sha256,
                                               .revision_id = latest.revision_id});
  const auto answer = session.send(std::move(request), Repeatable::yes);
  if (!answer) return tl::unexpected(answer.error());
  auto published = aws::parse_configuration(*answer);
  // A repetition of what got through finds another revision of $LATEST.
  if (!published && answer->is_second && published.error().kind == ErrorKind::conflict) {
    auto found = find_version(session, latest.name, digest);
    if (!found || !*found) return tl::unexpected(published.error());
    return std::move(**found);
  }
  if (!published) return published;
  return ready(session, latest.name, published->version);
}

void remove_old_versions(Session& session, const std::string& function, int kept,
                         std::chrono::system_clock::time_point now) {
  const auto made = made_versions(session, function);
  if (!made || made->size() <= static_cast<std::size_t>(kept)) return;
  const auto named = versions_of_aliases(session, function);
  if (!named) return;
  for (auto version = made->begin() + kept; version != made->end(); ++version) {
    const auto published = parse_timestamp(version->last_modified);
    if (!published || now - *published < young || named->count(version->version) != 0) continue;
    (void)call(session, aws::delete_version_request(function, version->version), aws::parse_no_content);
  }
}

}  // namespace lambdapool::deploy
