#include "core/task_data.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "core/json_scan.hpp"

namespace lambdapool::envelope {
namespace {

using Json = nlohmann::json;

tl::unexpected<Error> refuse(const std::string& why) {
  return fail(ErrorKind::protocol, "the task's data is not described as the protocol says: " + why);
}

bool is_digest(const std::string& text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

// nlohmann would make a large number of -1.
std::uint64_t count_in(const Json& json) {
  if (!json.is_number_unsigned()) throw Json::type_error::create(302, "a number is no count", &json);
  return json.get<std::uint64_t>();
}

std::vector<Blob> blobs_of(const Json& json) {
  std::vector<Blob> blobs;
  for (const auto& each : json)
    blobs.push_back({each.at("sha256").get<std::string>(), count_in(each.at("size")),
                     each.at("url").get<std::string>(), each.value("file", "")});
  return blobs;
}

std::vector<Place> places_of(const Json& json) {
  std::vector<Place> places;
  for (const auto& each : json) {
    if (each.is_object()) {
      places.push_back({0, count_in(each.at("blob"))});
    } else {
      places.push_back({count_in(each), std::nullopt});
    }
  }
  return places;
}

// Of most tasks, so it costs them little.
Result<void> read_parts(std::string_view parts, TaskData& data) {
  if (parts.empty()) return {};
  const auto fault = scan_json_object(parts, [&](std::string_view name, const JsonValue& value) {
    if (value.type != JsonValue::Type::literal || value.text != "true") return;
    if (name == "stream") data.streams = true;
    if (name == "large") data.large = true;
    if (name == "stdout") data.output = true;
  });
  if (fault) return refuse("its parts: " + *fault);
  data.large = data.large && data.streams;
  return {};
}

}  // namespace

std::string data_members(const TaskData& data) {
  Json json = Json::object();
  for (const auto& blob : data.blobs) {
    Json told{{"sha256", blob.sha256}, {"size", blob.size}, {"url", blob.url}};
    if (!blob.file.empty()) told["file"] = blob.file;
    json["blobs"].push_back(std::move(told));
  }
  if (data.pieces) {
    for (const auto& place : *data.pieces)
      json["pieces"].push_back(place.blob ? Json{{"blob", *place.blob}} : Json(place.bytes));
  }
  if (!data.results_url.empty()) json["results"] = {{"url", data.results_url}};
  const auto text = json.dump();
  return text.substr(1, text.size() - 2);
}

std::string_view parts_member(PartsWanted wanted) {
  if (wanted.in_stream)
    return wanted.output ? R"("parts":{"stream":true,"large":true,"stdout":true})"
                         : R"("parts":{"stream":true,"large":true})";
  return wanted.output ? R"("parts":{"stdout":true})" : R"("parts":{})";
}

void stream_no_more(std::string& task) {
  for (const bool output : {false, true}) {
    const auto asks = parts_member({true, output});
    if (const auto at = task.find(asks); at != std::string::npos)
      task.replace(at, asks.size(), parts_member({false, output}));
  }
}

Result<TaskData> read_task_data(std::string_view text) {
  std::string_view blobs, pieces, results, parts;
  TaskData data;
  const auto fault = scan_json_object(text, [&](std::string_view name, const JsonValue& value) {
    if (name == "blobs") blobs = value.text;
    if (name == "pieces") pieces = value.text;
    if (name == "results") results = value.text;
    if (name == "parts") parts = value.text;
  });
  if (fault) return refuse(*fault);
  data.parts = !parts.empty();
  if (auto good = read_parts(parts, data); !good) return tl::unexpected<Error>(std::move(good.error()));
  try {
    if (!blobs.empty()) data.blobs = blobs_of(Json::parse(blobs));
    if (!pieces.empty()) data.pieces = places_of(Json::parse(pieces));
    if (!results.empty()) data.results_url = Json::parse(results).at("url").get<std::string>();
  } catch (const Json::exception& error) {
    return refuse(error.what());
  }
  for (const auto& blob : data.blobs) {
    if (!is_digest(blob.sha256)) return refuse("'" + blob.sha256 + "' is no SHA-256");
  }
  for (const auto& place : data.pieces.value_or(std::vector<Place>{})) {
    if (place.blob.value_or(0) >= std::max<std::size_t>(data.blobs.size(), 1) ||
        (place.blob && data.blobs.empty()))
      return refuse("a piece is of a blob that is not there");
  }
  return data;
}

std::string encode_stored(const Label& label, const StoredBody& stored) {
  std::string told = stored.sha256;
  char separator = ':';
  for (const auto size : stored.sizes) {
    told.append(1, separator).append(std::to_string(size));
    separator = ',';
  }
  // Its own body is empty, and stands at the end.
  std::string out = encode(Direction::outcome, label, {});
  constexpr std::string_view plain = "\"encoding\":\"base64\",\"outcome\":\"\"}";
  out.resize(out.size() - plain.size());
  return out.append("\"encoding\":\"stored\",\"outcome\":\"").append(told).append("\"}");
}

Result<StoredBody> parse_stored(std::string_view text) {
  StoredBody stored;
  const auto colon = std::min(text.find(':'), text.size());
  stored.sha256 = text.substr(0, colon);
  for (std::size_t begin = colon + 1; begin <= text.size();) {
    const auto end = std::min(text.find(',', begin), text.size());
    std::uint64_t size = 0;
    const auto [stop, status] = std::from_chars(text.data() + begin, text.data() + end, size);
    if (status != std::errc() || stop != text.data() + end) return refuse("a size is no number");
    stored.sizes.push_back(size);
    begin = end + 1;
  }
  if (!is_digest(stored.sha256) || stored.sizes.empty())
    return refuse("what was stored is not told as SHA256:SIZE,...");
  return stored;
}

}  // namespace lambdapool::envelope
