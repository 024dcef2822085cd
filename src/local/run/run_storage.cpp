#include "local/run/run_storage.hpp"

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "core/random.hpp"
#include "local/run/run_answer.hpp"

namespace lambdapool::local::run {
namespace {

using nlohmann::json;
using Time = std::chrono::system_clock::time_point;

http::Response bucket(const std::string& name) {
  return json_answer(dumped({{"kind", "storage#bucket"}, {"id", name}, {"name", name}}));
}

http::Response create_bucket(const RunFiles& files, const std::string& body) {
  const json asked = json::parse(body, nullptr, false);
  if (!asked.is_object() || !asked.contains("name") || !asked.at("name").is_string())
    return refusal(400, "Required: name");
  const auto name = asked.at("name").get<std::string>();
  if (files.has_bucket(name))
    return refusal(409, "Your previous request to create the named bucket succeeded.");
  if (auto made = files.make_bucket(name); !made) return refusal(made.error());
  return bucket(name);
}

std::string generation_at(Time now) {
  return std::to_string(
      std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count());
}

http::Response upload_object(const RunFiles& files, const RunPath& path, const std::string& body, Time now) {
  const std::string object = path.value("name");
  if (path.value("uploadType") != "media" || object.empty())
    return refusal(400, "The local Cloud Storage takes uploads of the type media, with a name.");
  if (!files.has_bucket(path.bucket)) return refusal(404, "The specified bucket does not exist.");
  const std::string generation = generation_at(now);
  if (auto kept = files.keep_object(path.bucket, object, generation, body); !kept)
    return refusal(kept.error());
  return json_answer(dumped({{"kind", "storage#object"},
                             {"bucket", path.bucket},
                             {"name", object},
                             {"generation", generation},
                             {"size", std::to_string(body.size())}}));
}

// The second of the two parts of a multipart/related body, without its head.
std::optional<std::string_view> second_part(const http::Request& request) {
  constexpr std::string_view form = "multipart/related; boundary=";
  const std::string_view type = request.headers.get("Content-Type");
  if (!type.starts_with(form)) return std::nullopt;
  const std::string boundary = "--" + std::string(type.substr(form.size()));
  const std::string_view body = request.body;
  const auto second = body.find("\r\n" + boundary + "\r\n");
  const auto end = body.rfind("\r\n" + boundary + "--");
  if (!body.starts_with(boundary) || second == body.npos || end == body.npos) return std::nullopt;
  const auto begin = body.find("\r\n\r\n", second);
  if (begin == body.npos || begin + 4 > end) return std::nullopt;
  return body.substr(begin + 4, end - begin - 4);
}

http::Response upload_source(const RunFiles& files, const RunPath& path, const http::Request& request,
                             Time now) {
  const auto archive = second_part(request);
  if (!archive) return refusal(400, "The source has to be the second part of a multipart/related body.");
  const std::string bucket = "run-sources-" + path.project + "-" + path.location;
  const std::string object = "services/" + random_hex(16) + ".tar.gz";
  const std::string generation = generation_at(now);
  if (auto made = files.make_bucket(bucket); !made) return refusal(made.error());
  if (auto kept = files.keep_object(bucket, object, generation, *archive); !kept)
    return refusal(kept.error());
  return json_answer(
      dumped({{"cloudStorageSource", {{"bucket", bucket}, {"object", object}, {"generation", generation}}}}));
}

}  // namespace

http::Response answer_storage(const RunFiles& files, const RunPath& path, const http::Request& request,
                              Time now) {
  switch (path.operation) {
    case RunOperation::get_bucket:
      if (files.has_bucket(path.bucket)) return bucket(path.bucket);
      return refusal(404, "The specified bucket does not exist.");
    case RunOperation::create_bucket:
      return create_bucket(files, request.body);
    case RunOperation::upload_object:
      return upload_object(files, path, request.body, now);
    case RunOperation::upload_source:
      return upload_source(files, path, request, now);
    default:
      if (files.remove_object(path.bucket, path.object)) return {.status = 204};
      return refusal(404, "No such object: " + path.bucket + "/" + path.object);
  }
}

}  // namespace lambdapool::local::run
