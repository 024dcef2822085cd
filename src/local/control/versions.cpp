#include "local/control/versions.hpp"

#include <nlohmann/json.hpp>

#include "local/control/request_body.hpp"
#include "local/store/uuid.hpp"

namespace lambdapool::local {
namespace {

// Whether `latest` is still what `version` was published from. Publishing without a change answers the same
// version again, whatever the description that it is to have.
bool unchanged(FunctionConfig version, FunctionConfig latest) {
  version.last_modified = latest.last_modified;
  version.description = version.source_description.value_or(version.description);
  version.source_description.reset();
  return to_stored(version) == to_stored(latest);
}

}  // namespace

OrRefusal<VersionRecord> publish(Context& context, const FunctionRecord& function,
                                 const VersionRecord& source, const std::string& description) {
  if (auto newest = find_newest_version(context.database, function.name);
      newest && unchanged(newest->config, source.config)) {
    return std::move(*newest);
  }
  VersionRecord record{function.name, std::to_string(take_version_number(context.database, function.name)),
                       source.config};
  record.config.source_description = source.config.description;
  record.config.description = description;
  // What the source runs is unpacked already.
  const bool is_there = source.phase == Phase::active && source.live;
  record.phase = is_there ? Phase::active : Phase::creating;
  if (is_there) record.live = record.config;
  record.revision = random_uuid();
  record.changed_ms = context.now_ms;
  context.database.expect_room();
  put_version(context.database, record);
  if (!is_there) context.transitions.push_back({record.function, record.version, record.revision});
  return record;
}

Answer publish_version(Context& context, Call call, const Json& body) {
  auto target = find_latest(context, call);
  if (!target) return tl::unexpected(target.error());
  auto description = read_string(body, "Description");
  auto sha256 = read_string(body, "CodeSha256");
  auto revision = read_string(body, "RevisionId");
  if (!description) return tl::unexpected(description.error());
  if (!sha256) return tl::unexpected(sha256.error());
  if (!revision) return tl::unexpected(revision.error());

  const auto hold = context.code.hold();
  Transaction transaction(context.database);
  const auto function = find_function(context.database, target->function.name);
  const auto record = find_version(context.database, target->function.name, latest);
  if (!function || !record) return not_found("Function not found: " + target->arn);
  if (auto same = check_revision(revision->value_or(""), record->revision); !same)
    return tl::unexpected(same.error());
  if (auto free = check_changeable(context, *record); !free) return tl::unexpected(free.error());
  const auto current = base64_of_sha256(record->config.code.sha256);
  if (*sha256 && **sha256 != current) {
    return invalid_parameter("CodeSHA256 (" + **sha256 +
                             ") is different from current CodeSHA256 in $LATEST (" + current +
                             "). Please try again with the CodeSHA256 in $LATEST.");
  }
  const auto published_before = find_newest_version(context.database, function->name);
  auto published = publish(context, *function, *record, description->value_or(record->config.description));
  if (!published) return tl::unexpected(published.error());
  if (!published_before || published_before->version != published->version) {
    auto changed = *record;
    changed.revision = random_uuid();
    put_version(context.database, changed);
  }
  transaction.commit();
  const auto arn = function_arn(context.region, published->function, published->version);
  return json_response(201, configuration_json(*published, arn, Show::everything));
}

// Marker: the last version answered.
Answer list_versions(Context& context, Call call) {
  auto target = find_latest(context, call);
  if (!target) return tl::unexpected(target.error());
  auto page = page_of(call);
  if (!page) return tl::unexpected(page.error());
  const auto after = page->marker.empty() ? -1 : version_number(page->marker);
  auto records = list_versions(context.database, target->function.name, after, page->size + 1);
  const bool more = records.size() > page->size;
  if (more) records.pop_back();
  Json json{{"Versions", Json::array()}};
  for (const auto& record : records) {
    const auto arn = function_arn(context.region, record.function, record.version);
    json["Versions"].push_back(configuration_json(record, arn, Show::listing));
  }
  if (more) json["NextMarker"] = records.back().version;
  return json_response(200, json);
}

}  // namespace lambdapool::local
