// Cloud Storage's XML API, as far as it puts, gets and removes objects: by what has a bearer's token, and by
// whoever has a URL that is signed.
#include <charconv>
#include <cstdlib>

#include "core/encoding.hpp"
#include "core/timestamp.hpp"
#include "local/run/storage_object.hpp"

namespace lambdapool::local::run {
namespace {

http::Response xml_refusal(int status, const std::string& code, const std::string& message) {
  return {status,
          {{"Content-Type", "application/xml; charset=UTF-8"}},
          "<?xml version='1.0' encoding='UTF-8'?><Error><Code>" + code + "</Code><Message>" + message +
              "</Message></Error>"};
}

http::Response xml_refusal(const Error& error) {
  if (error.kind == ErrorKind::not_found) return xml_refusal(404, "NoSuchBucket", error.message);
  if (error.kind == ErrorKind::conflict) return xml_refusal(412, "PreconditionFailed", error.message);
  if (error.kind == ErrorKind::invalid_argument)
    return xml_refusal(400, "InvalidArgument", "The name of the object has to have 1 to 200 characters.");
  return xml_refusal(500, "InternalError", "The object could not be written.");
}

// "0,262144000": the least and the most.
bool is_within(std::string_view range, std::size_t bytes) {
  if (range.empty()) return true;
  std::size_t least = 0, most = 0;
  const char* const end = range.data() + range.size();
  const auto first = std::from_chars(range.data(), end, least);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != ',') return false;
  const auto second = std::from_chars(first.ptr + 1, end, most);
  return second.ec == std::errc() && bytes >= least && bytes <= most;
}

http::Response put(const StorageAt& at, const RunPath& path, const http::Request& request) {
  if (!is_within(request.headers.get("x-goog-content-length-range"), request.body.size()))
    return xml_refusal(400, "EntityTooLarge", "The object is not within x-goog-content-length-range.");
  const auto made = write_object(at, {path.bucket, path.object}, request.body,
                                 std::string(request.headers.get("x-goog-if-generation-match")));
  if (!made) return xml_refusal(made.error());
  return {200,
          {{"ETag", "\"" + made->generation + "\""},
           {"x-goog-generation", made->generation},
           {"x-goog-metageneration", "1"},
           {"x-goog-hash", checksum_of(request.body)},
           {"x-goog-stored-content-length", std::to_string(request.body.size())}}};
}

// The value of a parameter of the query; "" where there is none.
std::string parameter(std::string_view target, std::string_view name) {
  auto at = target.find('?');
  while (at != std::string_view::npos) {
    target.remove_prefix(at + 1);
    const auto pair = target.substr(0, target.find('&'));
    if (pair.starts_with(name) && pair.substr(name.size()).starts_with('='))
      return percent_decode(pair.substr(name.size() + 1));
    at = target.find('&');
  }
  return "";
}

}  // namespace

http::Response answer_xml(const StorageAt& at, const RunPath& path, const http::Request& request) {
  if (request.method == "PUT") return put(at, path, request);
  const auto object = at.files.newest(path.bucket, path.object);
  if (!at.files.has_bucket(path.bucket))
    return xml_refusal(404, "NoSuchBucket", "The specified bucket does not exist.");
  if (!object) return xml_refusal(404, "NoSuchKey", "The specified key does not exist.");
  if (request.method == "DELETE") {
    at.files.remove_object(path.bucket, path.object);
    return {.status = 204};
  }
  if (request.method != "GET" && request.method != "HEAD")
    return xml_refusal(405, "MethodNotAllowed", "The local Cloud Storage puts, gets and removes objects.");
  auto bytes = at.files.object(path.bucket, path.object, object->generation);
  if (!bytes) return xml_refusal(404, "NoSuchKey", "The specified key does not exist.");
  return content_answer(request, *object, std::move(*bytes));
}

std::optional<std::chrono::system_clock::time_point> signed_url_ends(const http::Request& head) {
  if (parameter(head.target, "X-Goog-Signature").empty() ||
      parameter(head.target, "X-Goog-Algorithm") != "GOOG4-RSA-SHA256")
    return std::nullopt;
  // "20261129T071328Z".
  const std::string date = parameter(head.target, "X-Goog-Date");
  constexpr std::size_t date_size = 16;
  if (date.size() != date_size || date[8] != 'T') return std::nullopt;
  const auto begun =
      parse_timestamp(date.substr(0, 4) + "-" + date.substr(4, 2) + "-" + date.substr(6, 2) + "T" +
                      date.substr(9, 2) + ":" + date.substr(11, 2) + ":" + date.substr(13, 2) + "Z");
  const int seconds = std::atoi(parameter(head.target, "X-Goog-Expires").c_str());
  constexpr int week = 7 * 24 * 3'600;
  if (!begun || seconds < 1 || seconds > week) return std::nullopt;
  return *begun + std::chrono::seconds(seconds);
}

http::Response expired_url() { return xml_refusal(400, "ExpiredToken", "The provided token has expired."); }

}  // namespace lambdapool::local::run
