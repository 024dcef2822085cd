#include "aws/s3/s3.hpp"

#include <algorithm>
#include <utility>

#include "aws/xml_answer.hpp"
#include "core/encoding.hpp"

namespace lambdapool::aws::s3 {

namespace {

// Slashes stay in a key's path.
std::string encoded_key(const std::string& key) {
  std::string out;
  for (std::size_t begin = 0; begin <= key.size();) {
    const std::size_t end = std::min(key.find('/', begin), key.size());
    out += "/" + percent_encode(key.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

http::Request call(const char* method, const Location& location, const std::string& query,
                   std::string body = {}) {
  std::string path = encoded_key(location.object.key);
  if (location.addressing == Addressing::path) path = "/" + percent_encode(location.object.bucket) + path;
  http::Request request{method, path + query, {}, std::move(body)};
  request.headers.set("X-Amz-Content-Sha256", sha256_hex(request.body));
  return request;
}

std::string upload_query(const std::string& upload_id) { return "uploadId=" + percent_encode(upload_id); }

}  // namespace

bool is_bucket_name(std::string_view name) {
  const auto letter_or_digit = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  if (name.size() < 3 || name.size() > 63 || name.find("..") != std::string_view::npos) return false;
  if (!letter_or_digit(name.front()) || !letter_or_digit(name.back())) return false;
  return std::all_of(name.begin(), name.end(),
                     [&](char c) { return letter_or_digit(c) || c == '-' || c == '.'; });
}

http::Request create_multipart_upload_request(const Location& location) {
  return call("POST", location, "?uploads=");
}

http::Request upload_part_request(const Location& location, const std::string& upload_id, int number,
                                  std::string bytes) {
  return call("PUT", location, "?partNumber=" + std::to_string(number) + "&" + upload_query(upload_id),
              std::move(bytes));
}

http::Request complete_multipart_upload_request(const Location& location, const std::string& upload_id,
                                                const std::vector<std::string>& etags) {
  std::string body = R"(<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">)";
  for (std::size_t i = 0; i < etags.size(); ++i)
    body += "<Part><ETag>" + xml::escaped(etags[i]) + "</ETag><PartNumber>" + std::to_string(i + 1) +
            "</PartNumber></Part>";
  auto request = call("POST", location, "?" + upload_query(upload_id), body + "</CompleteMultipartUpload>");
  request.headers.set("Content-Type", "application/xml");
  return request;
}

http::Request abort_multipart_upload_request(const Location& location, const std::string& upload_id) {
  return call("DELETE", location, "?" + upload_query(upload_id));
}

http::Request delete_object_request(const Location& location) { return call("DELETE", location, ""); }

Result<std::string> parse_upload_id(const http::Response& response) {
  if (!xml::is_success(response)) return tl::unexpected(xml::refused(response));
  auto id = xml::text_of(response.body, "UploadId");
  if (id.empty()) return tl::unexpected(xml::unreadable(response, "UploadId", "S3"));
  return id;
}

Result<std::string> parse_etag(const http::Response& response) {
  if (!xml::is_success(response)) return tl::unexpected(xml::refused(response));
  std::string etag(response.headers.get("ETag"));
  if (etag.empty()) return tl::unexpected(xml::unreadable(response, "header ETag", "S3"));
  return etag;
}

Result<void> parse_completed(const http::Response& response) {
  if (!xml::is_success(response) || xml::element(response.body, "Error"))
    return tl::unexpected(xml::refused(response));
  return {};
}

Result<void> parse_done(const http::Response& response) {
  if (!xml::is_success(response)) return tl::unexpected(xml::refused(response));
  return {};
}

}  // namespace lambdapool::aws::s3
