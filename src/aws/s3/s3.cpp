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
  http::Request request{method, object_target(location) + query, {}, std::move(body)};
  request.headers.set("X-Amz-Content-Sha256", sha256_hex(request.body));
  return request;
}

http::Request unsigned_call(const char* method, const Location& location, const std::string& query,
                            std::string body = {}) {
  http::Request request{method, object_target(location) + query, {}, std::move(body)};
  request.headers.set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD");
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

// Only AWS's own names have a host for each bucket, and the certificate "*.s3..." covers no further dot.
Addressing addressing_of(std::string_view host, std::string_view bucket) {
  const bool own = host.starts_with("s3") && host.find(".amazonaws.") != std::string_view::npos &&
                   bucket.find('.') == std::string_view::npos;
  return own ? Addressing::virtual_host : Addressing::path;
}

std::string object_target(const Location& location) {
  const std::string path = encoded_key(location.object.key);
  if (location.addressing == Addressing::virtual_host) return path;
  return "/" + percent_encode(location.object.bucket) + path;
}

http::Request put_object_request(const Location& location, std::string bytes) {
  return unsigned_call("PUT", location, "", std::move(bytes));
}

http::Request get_range_request(const Location& location, std::uint64_t offset, std::uint64_t size) {
  auto request = unsigned_call("GET", location, "");
  request.headers.set("Range", "bytes=" + std::to_string(offset) + "-" + std::to_string(offset + size - 1));
  return request;
}

http::Request create_multipart_upload_request(const Location& location) {
  return call("POST", location, "?uploads=");
}

http::Request upload_part_request(const Location& location, const std::string& upload_id, int number,
                                  std::string bytes, Payload payload) {
  const auto query = "?partNumber=" + std::to_string(number) + "&" + upload_query(upload_id);
  return payload == Payload::hashed ? call("PUT", location, query, std::move(bytes))
                                    : unsigned_call("PUT", location, query, std::move(bytes));
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
