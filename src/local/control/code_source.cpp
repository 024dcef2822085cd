#include "local/control/code_source.hpp"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/encoding.hpp"
#include "local/control/request_body.hpp"
#include "local/objects/object_files.hpp"
#include "local/store/uploads.hpp"

namespace lambdapool::local {
namespace {

OrRefusal<std::string> decode_zip(const std::string& text) {
  if (auto bytes = base64_decode(text)) return std::move(*bytes);
  return refuse(400, "SerializationException", "'ZipFile' is not base64");
}

tl::unexpected<Refusal> no_object(const std::string& code, const std::string& message) {
  return invalid_parameter("Error occurred while GetObject. S3 Error Code: " + code +
                           ". S3 Error Message: " + message);
}

bool is_bucket(const std::string& name) {
  return name.size() >= 3 && name.size() <= 63 && name.front() != '.' &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
         });
}

OrRefusal<std::string> read_object(const std::filesystem::path& home, const std::string& bucket,
                                   const std::string& key) {
  const ObjectFiles files(home / "objects" / bucket);
  if (!is_bucket(bucket) || !files.exists())
    return no_object("NoSuchBucket", "The specified bucket does not exist");
  const auto object = files.find(key);
  if (!object) return no_object("NoSuchKey", "The specified key does not exist.");
  if (object->size > static_cast<std::uint64_t>(limits::unzipped_bytes_max))
    return invalid_parameter("Unzipped size must be smaller than " +
                             std::to_string(limits::unzipped_bytes_max) + " bytes");
  std::ifstream file(files.data() / object->file, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  if (!file) return no_object("InternalError", "The object cannot be read.");
  return std::move(bytes).str();
}

}  // namespace

OrRefusal<CodeReference> put_code_of(Context& context, const Json& source, const std::string& what) {
  auto bucket = read_string(source, "S3Bucket");
  auto key = read_string(source, "S3Key");
  auto version = read_string(source, "S3ObjectVersion");
  auto text = read_string(source, "ZipFile");
  for (const auto* given : {&bucket, &key, &version, &text}) {
    if (!*given) return tl::unexpected(given->error());
  }
  if (*bucket && **bucket == uploads_bucket) return context.code.put_upload(key->value_or(""));
  if (*bucket && *key) {
    if (*version && **version != "null" && !(*version)->empty())
      return invalid_parameter(
          "The local object store keeps no versions of objects: leave S3ObjectVersion out.");
    const auto zip = read_object(context.code.home(), **bucket, **key);
    if (!zip) return tl::unexpected(zip.error());
    return context.code.put_object(*zip);
  }
  if (!*text || (*text)->empty()) return invalid_parameter("Please provide a source for " + what + ".");
  const auto zip = decode_zip(**text);
  if (!zip) return tl::unexpected(zip.error());
  return context.code.put(*zip);
}

}  // namespace lambdapool::local
