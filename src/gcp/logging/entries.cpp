#include "gcp/logging/entries.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/timestamp.hpp"
#include "gcp/google_error.hpp"

namespace lambdapool::gcp::logging {
namespace {

using nlohmann::json;

const json& at(const json& object, const char* name) {
  static const json none;
  if (!object.is_object()) return none;
  const auto found = object.find(name);
  return found == object.end() ? none : *found;
}

std::string text(const json& object, const char* name) {
  const json& value = at(object, name);
  return value.is_string() ? value.get<std::string>() : "";
}

// What a line was, before Cloud Logging took it apart where it was JSON.
std::string text_of(const json& entry) {
  const json& structured = at(entry, "jsonPayload");
  if (!structured.is_object()) return text(entry, "textPayload");
  if (structured.size() == 1 && at(structured, "message").is_string()) return text(structured, "message");
  return structured.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

http::Request list_entries_request(const EntryQuery& query) {
  std::string filter = R"(resource.type="cloud_run_revision" AND resource.labels.service_name=")" +
                       query.service + R"(" AND resource.labels.location=")" + query.place.location + '"';
  if (!query.revision.empty()) filter += " AND resource.labels.revision_name=\"" + query.revision + '"';
  if (query.since) filter += " AND timestamp>=\"" + format_timestamp_ms(*query.since) + '"';
  json body{{"resourceNames", {"projects/" + query.place.project}},
            {"filter", filter},
            {"orderBy", query.newest_first ? "timestamp desc" : "timestamp asc"},
            {"pageSize", query.page_size}};
  if (query.page_token) body["pageToken"] = *query.page_token;
  return {"POST", "/v2/entries:list", {{"Content-Type", "application/json"}}, body.dump()};
}

Result<EntryPage> parse_list_entries(const http::Response& response) {
  if (response.status >= 300) return tl::unexpected(google_error(response));
  const json body = json::parse(response.body, nullptr, false);
  if (!body.is_object()) return fail(ErrorKind::protocol, "the answer is no list of log entries");
  EntryPage page;
  if (const json& entries = at(body, "entries"); entries.is_array()) {
    for (const json& each : entries) {
      const auto time = parse_timestamp_ms(text(each, "timestamp"));
      std::string line = text_of(each);
      if (!time || line.empty()) continue;
      const json& labels = at(each, "labels");
      std::string instance = text(labels, "instanceId");
      if (instance.empty()) instance = text(at(at(each, "resource"), "labels"), "revision_name");
      if (const auto slot = text(labels, "lambdapool_slot"); !slot.empty()) instance += "#" + slot;
      page.entries.push_back(
          {text(each, "timestamp") + " " + text(each, "logName") + " " + text(each, "insertId"), *time,
           std::move(instance), std::move(line)});
    }
  }
  if (auto token = text(body, "nextPageToken"); !token.empty()) page.next_page_token = std::move(token);
  return page;
}

}  // namespace lambdapool::gcp::logging
