#include "local/run/run_storage.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <set>

#include "core/encoding.hpp"
#include "core/random.hpp"
#include "local/run/run_answer.hpp"
#include "local/run/storage_object.hpp"

namespace lambdapool::local::run {
namespace {

using nlohmann::json;

constexpr std::size_t objects_a_page = 1'000;

json shown_bucket(const StorageAt& at, const std::string& name) {
  json shown = json::parse(at.files.bucket_record(name).value_or("{}"), nullptr, false);
  if (!shown.is_object()) shown = json::object();
  shown.update({{"kind", "storage#bucket"},
                {"id", name},
                {"selfLink", at.url + "/storage/v1/b/" + percent_encode(name)},
                {"name", name}});
  if (!shown.contains("location")) shown["location"] = "US";
  if (!shown.contains("storageClass")) shown["storageClass"] = "STANDARD";
  return shown;
}

http::Response list_buckets(const StorageAt& at) {
  json items = json::array();
  for (const auto& name : at.files.buckets()) items.push_back(shown_bucket(at, name));
  return json_answer(dumped({{"kind", "storage#buckets"}, {"items", items}}));
}

http::Response create_bucket(const StorageAt& at, const std::string& body) {
  const json asked = json::parse(body, nullptr, false);
  if (!asked.is_object() || !asked.contains("name") || !asked.at("name").is_string())
    return refusal(400, "Required: name");
  const auto name = asked.at("name").get<std::string>();
  if (at.files.has_bucket(name))
    return refusal(409, "Your previous request to create the named bucket succeeded.");
  if (auto made = at.files.make_bucket(name); !made) return refusal(made.error());
  if (auto kept = at.files.keep_bucket_record(name, dumped(asked)); !kept) return refusal(kept.error());
  return json_answer(dumped(shown_bucket(at, name)));
}

http::Response update_bucket(const StorageAt& at, const std::string& name, const std::string& body) {
  if (!at.files.has_bucket(name)) return refusal(404, "The specified bucket does not exist.");
  const json asked = json::parse(body, nullptr, false);
  if (!asked.is_object()) return refusal(400, "Invalid JSON payload received.");
  json record = json::parse(at.files.bucket_record(name).value_or("{}"), nullptr, false);
  if (!record.is_object()) record = json::object();
  record.merge_patch(asked);
  if (auto kept = at.files.keep_bucket_record(name, dumped(record)); !kept) return refusal(kept.error());
  return json_answer(dumped(shown_bucket(at, name)));
}

http::Response delete_bucket(const StorageAt& at, const std::string& name) {
  if (!at.files.objects(name).empty()) return refusal(409, "The bucket you tried to delete is not empty.");
  if (at.files.remove_bucket(name)) return {.status = 204};
  return refusal(404, "The specified bucket does not exist.");
}

// Up to the delimiter behind the prefix names are told once, as prefixes.
http::Response list_objects(const StorageAt& at, const RunPath& path) {
  const std::string prefix = path.value("prefix"), delimiter = path.value("delimiter");
  const std::string after = path.value("pageToken");
  const std::string most_given = path.value("maxResults");
  std::size_t most = objects_a_page;
  std::from_chars(most_given.data(), most_given.data() + most_given.size(), most);
  most = std::clamp<std::size_t>(most, 1, objects_a_page);
  json items = json::array();
  std::set<std::string> prefixes;
  json answer{{"kind", "storage#objects"}};
  for (const auto& object : at.files.objects(path.bucket)) {
    if (!object.name.starts_with(prefix) || object.name <= after) continue;
    const auto end = delimiter.empty() ? std::string::npos : object.name.find(delimiter, prefix.size());
    if (end != std::string::npos) {
      prefixes.insert(object.name.substr(0, end + delimiter.size()));
    } else if (items.size() == most) {
      answer["nextPageToken"] = items.back().at("name");
      break;
    } else {
      items.push_back(shown_object(at, path.bucket, object, std::nullopt));
    }
  }
  if (!items.empty()) answer["items"] = std::move(items);
  if (!prefixes.empty()) answer["prefixes"] = prefixes;
  return json_answer(dumped(answer));
}

std::string no_object(const RunPath& path) { return "No such object: " + path.bucket + "/" + path.object; }

http::Response get_object(const StorageAt& at, const RunPath& path, const http::Request& request) {
  const auto object = at.files.newest(path.bucket, path.object);
  const std::string generation = path.value("generation");
  if (!object || (!generation.empty() && generation != object->generation))
    return refusal(404, no_object(path));
  auto bytes = at.files.object(path.bucket, path.object, object->generation);
  if (!bytes) return refusal(404, no_object(path));
  if (path.value("alt") == "media") return content_answer(request, *object, std::move(*bytes));
  return json_answer(dumped(shown_object(at, path.bucket, *object, *bytes)));
}

http::Response delete_object(const StorageAt& at, const RunPath& path) {
  const auto object = at.files.newest(path.bucket, path.object);
  if (!object) return refusal(404, no_object(path));
  for (const char* name : {"generation", "ifGenerationMatch"})
    if (const auto asked = path.value(name); !asked.empty() && asked != object->generation)
      return refusal(412, "At least one of the pre-conditions you specified did not hold.");
  at.files.remove_object(path.bucket, path.object);
  return {.status = 204};
}

http::Response upload_source(const StorageAt& at, const RunPath& path, const http::Request& request) {
  const auto parts = two_parts(request);
  if (!parts) return refusal(400, "The source has to be the second part of a multipart/related body.");
  const ObjectName name{"run-sources-" + path.project + "-" + path.location,
                        "services/" + random_hex(16) + ".tar.gz"};
  if (auto made = at.files.make_bucket(name.bucket); !made) return refusal(made.error());
  const auto kept = write_object(at, name, parts->second, "");
  if (!kept) return refusal(kept.error());
  return json_answer(
      dumped({{"cloudStorageSource",
               {{"bucket", name.bucket}, {"object", name.object}, {"generation", kept->generation}}}}));
}

}  // namespace

http::Response answer_storage(const StorageAt& at, const RunPath& path, const http::Request& request) {
  switch (path.operation) {
    case RunOperation::list_buckets:
      return list_buckets(at);
    case RunOperation::get_bucket:
      if (at.files.has_bucket(path.bucket)) return json_answer(dumped(shown_bucket(at, path.bucket)));
      return refusal(404, "The specified bucket does not exist.");
    case RunOperation::create_bucket:
      return create_bucket(at, request.body);
    case RunOperation::update_bucket:
      return update_bucket(at, path.bucket, request.body);
    case RunOperation::delete_bucket:
      return delete_bucket(at, path.bucket);
    case RunOperation::list_objects:
      if (at.files.has_bucket(path.bucket)) return list_objects(at, path);
      return refusal(404, "The specified bucket does not exist.");
    case RunOperation::get_object:
      return get_object(at, path, request);
    case RunOperation::upload_object:
      return upload(at, path, request);
    case RunOperation::upload_source:
      return upload_source(at, path, request);
    case RunOperation::xml_object:
      return answer_xml(at, path, request);
    default:
      return delete_object(at, path);
  }
}

}  // namespace lambdapool::local::run
