#include "local/run/storage_object.hpp"

#include <charconv>
#include <nlohmann/json.hpp>

#include "core/checksum.hpp"
#include "core/encoding.hpp"
#include "core/timestamp.hpp"

namespace lambdapool::local::run {
namespace {

using nlohmann::json;

constexpr std::size_t name_bytes_max = 200;  // as a file has it

std::string crc32c_base64(std::string_view bytes) {
  const std::uint32_t sum = crc32c(bytes);
  std::string big_endian;
  for (int shift = 24; shift >= 0; shift -= 8)
    big_endian.push_back(static_cast<char>((sum >> shift) & 0xFFU));
  return base64_encode(big_endian);
}

// Of "bytes=FIRST-LAST", "bytes=FIRST-" and "bytes=-COUNT", of which a part is there.
struct Range {
  std::size_t first = 0;
  std::size_t count = 0;
};
std::optional<Range> range_of(std::string_view header, std::size_t size) {
  constexpr std::string_view unit = "bytes=";
  if (!header.starts_with(unit)) return std::nullopt;
  header.remove_prefix(unit.size());
  const auto dash = header.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto number = [](std::string_view text) -> std::optional<std::size_t> {
    std::size_t value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    return read.ec == std::errc() && read.ptr == text.data() + text.size() ? std::optional(value)
                                                                           : std::nullopt;
  };
  const auto first = number(header.substr(0, dash)), last = number(header.substr(dash + 1));
  if (!first && last) return Range{size - std::min(size, *last), std::min(size, *last)};
  if (!first || *first >= size) return std::nullopt;
  return Range{*first, std::min(size - 1, last.value_or(size - 1)) - *first + 1};
}

}  // namespace

Result<RunFiles::Object> write_object(const StorageAt& at, const ObjectName& name, std::string_view bytes,
                                      const std::string& condition) {
  if (!at.files.has_bucket(name.bucket))
    return fail(ErrorKind::not_found, "The specified bucket does not exist.");
  if (name.object.empty() || percent_encode(name.object).size() > name_bytes_max)
    return fail(ErrorKind::invalid_argument, "The local Cloud Storage takes names of 1 to 200 characters.");
  if (!condition.empty()) {
    const auto before = at.files.newest(name.bucket, name.object);
    if ((before ? before->generation : "0") != condition)
      return fail(ErrorKind::conflict, "At least one of the pre-conditions you specified did not hold.");
  }
  const auto since = std::chrono::duration_cast<std::chrono::microseconds>(at.now.time_since_epoch());
  RunFiles::Object made{name.object, std::to_string(since.count()), bytes.size()};
  if (auto kept = at.files.keep_object(name.bucket, name.object, made.generation, bytes); !kept)
    return tl::unexpected(kept.error());
  return made;
}

json shown_object(const StorageAt& at, const std::string& bucket, const RunFiles::Object& object,
                  std::optional<std::string_view> bytes) {
  const std::string path = "/storage/v1/b/" + percent_encode(bucket) + "/o/" + percent_encode(object.name);
  std::int64_t written = 0;
  std::from_chars(object.generation.data(), object.generation.data() + object.generation.size(), written);
  const auto when = format_timestamp_ms(
      std::chrono::sys_time<std::chrono::milliseconds>(std::chrono::milliseconds(written / 1'000)));
  json shown{{"kind", "storage#object"},
             {"id", bucket + "/" + object.name + "/" + object.generation},
             {"selfLink", at.url + path},
             {"mediaLink", at.url + "/download" + path + "?alt=media"},
             {"bucket", bucket},
             {"name", object.name},
             {"generation", object.generation},
             {"metageneration", "1"},
             {"contentType", "application/octet-stream"},
             {"storageClass", "STANDARD"},
             {"size", std::to_string(object.bytes)},
             {"etag", object.generation},
             {"timeCreated", when},
             {"updated", when}};
  if (bytes) shown["crc32c"] = crc32c_base64(*bytes);
  return shown;
}

std::string checksum_of(std::string_view bytes) { return "crc32c=" + crc32c_base64(bytes); }

http::Response content_answer(const http::Request& request, const RunFiles::Object& object,
                              std::string bytes) {
  http::Response answer{200,
                        {{"Content-Type", "application/octet-stream"},
                         {"ETag", "\"" + object.generation + "\""},
                         {"x-goog-generation", object.generation},
                         {"x-goog-metageneration", "1"},
                         {"x-goog-hash", checksum_of(bytes)},
                         {"x-goog-stored-content-length", std::to_string(bytes.size())}}};
  const auto asked = request.headers.get("Range");
  if (asked.empty()) {
    answer.body = std::move(bytes);
    return answer;
  }
  const auto range = range_of(asked, bytes.size());
  const std::string size = std::to_string(bytes.size());
  if (!range) return {416, {{"Content-Range", "bytes */" + size}}};
  answer.status = 206;
  answer.headers.set("Content-Range", "bytes " + std::to_string(range->first) + "-" +
                                          std::to_string(range->first + range->count - 1) + "/" + size);
  answer.body = bytes.substr(range->first, range->count);
  return answer;
}

std::optional<TwoParts> two_parts(const http::Request& request) {
  constexpr std::string_view form = "multipart/related; boundary=";
  const std::string_view type = request.headers.get("Content-Type");
  if (!type.starts_with(form)) return std::nullopt;
  std::string boundary(type.substr(form.size()));
  for (const char quote : {'"', '\''})
    if (boundary.size() > 1 && boundary.front() == quote && boundary.back() == quote)
      boundary = boundary.substr(1, boundary.size() - 2);
  boundary.insert(0, "--");
  const std::string_view body = request.body;
  const auto second = body.find("\r\n" + boundary + "\r\n");
  const auto end = body.rfind("\r\n" + boundary + "--");
  if (!body.starts_with(boundary) || second == body.npos || end == body.npos || end <= second)
    return std::nullopt;
  const auto content = [&](std::size_t from, std::size_t to) -> std::optional<std::string_view> {
    const auto begin = body.find("\r\n\r\n", from);
    if (begin == body.npos || begin + 4 > to) return std::nullopt;
    return body.substr(begin + 4, to - begin - 4);
  };
  const auto before = content(0, second), after = content(second + 2, end);
  if (!before || !after) return std::nullopt;
  return TwoParts{*before, *after};
}

}  // namespace lambdapool::local::run
