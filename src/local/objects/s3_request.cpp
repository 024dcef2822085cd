#include "local/objects/s3_request.hpp"

#include <algorithm>
#include <optional>

#include "core/encoding.hpp"

namespace lambdapool::local {
namespace {

constexpr std::size_t key_bytes_max = 1'024;

bool is_bucket_name(std::string_view name) {
  const auto letter_or_digit = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return name.size() >= 3 && name.size() <= 63 && letter_or_digit(name.front()) &&
         letter_or_digit(name.back()) && name.find("..") == std::string_view::npos &&
         std::all_of(name.begin(), name.end(),
                     [&](char c) { return letter_or_digit(c) || c == '-' || c == '.'; });
}

std::map<std::string, std::string> parse_query(std::string_view text) {
  std::map<std::string, std::string> query;
  while (!text.empty()) {
    const auto pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), pair.size() + 1));
    const auto equals = std::min(pair.find('='), pair.size());
    auto name = percent_decode(pair.substr(0, equals));
    // x-id names the operation for readers of logs; the rest signs.
    const bool signs =
        name.starts_with("X-Amz-") || name == "AWSAccessKeyId" || name == "Signature" || name == "Expires";
    if (name.empty() || name == "x-id" || signs) continue;
    std::string value(pair.substr(std::min(equals + 1, pair.size())));
    std::replace(value.begin(), value.end(), '+', ' ');
    query.emplace(std::move(name), percent_decode(value));
  }
  return query;
}

using Found = std::optional<S3Operation>;

Found of_bucket(std::string_view method, const S3Request& request) {
  const bool plain = request.query.empty();
  if (method == "PUT" && plain) return S3Operation::create_bucket;
  if (method == "HEAD" && plain) return S3Operation::head_bucket;
  if (method == "DELETE" && plain) return S3Operation::delete_bucket;
  if (method == "POST" && request.query.contains("delete")) return S3Operation::delete_objects;
  if (method == "GET" && request.query.contains("location")) return S3Operation::get_bucket_location;
  if (method == "GET" && request.value("list-type") == "2") return S3Operation::list_objects;
  return std::nullopt;
}

// What else an answer to GET may be asked to say; everything beyond is another operation.
bool is_plain_read(const S3Request& request) {
  return std::all_of(request.query.begin(), request.query.end(),
                     [](const auto& parameter) { return parameter.first.starts_with("response-"); });
}

Found of_object(std::string_view method, const http::Request& head, const S3Request& request) {
  const bool plain = request.query.empty();
  const bool upload = request.query.contains("uploadId");
  if (method == "GET" && is_plain_read(request)) return S3Operation::get_object;
  if (method == "HEAD" && is_plain_read(request)) return S3Operation::head_object;
  if (method == "DELETE" && plain) return S3Operation::delete_object;
  if (method == "DELETE" && upload) return S3Operation::abort_upload;
  if (method == "POST" && request.query.contains("uploads")) return S3Operation::create_upload;
  if (method == "POST" && upload) return S3Operation::complete_upload;
  if (method != "PUT" || head.headers.find("x-amz-copy-source") != nullptr) return std::nullopt;
  if (plain) return S3Operation::put_object;
  if (upload && request.query.contains("partNumber")) return S3Operation::upload_part;
  return std::nullopt;
}

}  // namespace

std::string S3Request::value(const std::string& name) const {
  const auto found = query.find(name);
  return found == query.end() ? "" : found->second;
}

bool has_old_signature(const http::Request& head) {
  return head.target.find("AWSAccessKeyId=") != std::string::npos &&
         head.target.find("Signature=") != std::string::npos;
}

bool is_for_s3(const http::Request& head) {
  if (has_old_signature(head)) return true;
  if (head.headers.get("authorization").find("/s3/aws4_request") != std::string_view::npos) return true;
  const auto credential = head.target.find("X-Amz-Credential=");
  if (credential == std::string::npos) return false;
  const auto value = head.target.substr(credential, head.target.find('&', credential) - credential);
  return percent_decode(value).find("/s3/aws4_request") != std::string::npos;
}

OrRefusal<S3Request> parse_s3_request(const http::Request& head) {
  const auto question = std::min(head.target.find('?'), head.target.size());
  const auto path = std::string_view(head.target).substr(0, question);
  S3Request request;
  if (question < head.target.size())
    request.query = parse_query(std::string_view(head.target).substr(question + 1));
  const auto slash = std::min(path.find('/', 1), path.size());
  request.bucket = percent_decode(path.substr(std::min<std::size_t>(1, path.size()), slash - 1));
  if (slash < path.size()) request.key = percent_decode(path.substr(slash + 1));
  if (!request.bucket.empty() && !is_bucket_name(request.bucket))
    return refuse(400, "InvalidBucketName", "The specified bucket is not valid.");
  if (request.key.size() > key_bytes_max) return refuse(400, "KeyTooLongError", "Your key is too long");
  Found found;
  if (request.bucket.empty()) {
    if (head.method == "GET") found = S3Operation::list_buckets;
  } else {
    found = request.key.empty() ? of_bucket(head.method, request) : of_object(head.method, head, request);
  }
  if (!found)
    return refuse(
        501, "NotImplemented",
        "The local object store has PUT, GET, HEAD, DELETE, multipart uploads and ListObjectsV2, but "
        "not " +
            head.method + " " + head.target.substr(0, 200) + ".");
  request.operation = *found;
  return request;
}

}  // namespace lambdapool::local
