// The S3 calls that carry what is too large for a call to Lambda, packages and tasks' data: an upload in one
// piece or in parts, so that a part that fails is sent again alone and the progress can be told; reading;
// removal. Signed for service "s3", with sigv4::PathEncoding::once. No sockets, no clock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "aws/lambda/lambda.hpp"
#include "core/error.hpp"
#include "http/message.hpp"

namespace lambdapool::aws::s3 {

inline constexpr std::size_t part_bytes = std::size_t{8} << 20;  // S3 takes 5 MB to 5 GB, the last any size

// How a bucket is addressed: by its own host name on AWS, by the path at an endpoint of one's own.
enum class Addressing { virtual_host, path };

// What every call is about. A bucket with a dot in its name has no certificate of its own host name, so it
// is addressed by the path.
struct Location {
  S3Object object;
  Addressing addressing = Addressing::virtual_host;
};

// How a bucket is addressed at this host of S3.
Addressing addressing_of(std::string_view host, std::string_view bucket);

// 3 to 63 of a-z, 0-9, "-" and ".", as AWS's rules have it.
bool is_bucket_name(std::string_view name);

// The body is not signed: who reads it holds it against a hash that came another way.
http::Request put_object_request(const Location& location, std::string bytes);
http::Request get_range_request(const Location& location, std::uint64_t offset, std::uint64_t size);
std::string object_target(const Location& location);  // the path, to be signed into a URL

http::Request create_multipart_upload_request(const Location& location);
enum class Payload { hashed, unsigned_payload };  // what signs a part's bytes; see put_object_request
http::Request upload_part_request(const Location& location, const std::string& upload_id, int number,
                                  std::string bytes, Payload payload = Payload::hashed);
http::Request complete_multipart_upload_request(const Location& location, const std::string& upload_id,
                                                const std::vector<std::string>& etags);
http::Request abort_multipart_upload_request(const Location& location, const std::string& upload_id);
http::Request delete_object_request(const Location& location);

Result<std::string> parse_upload_id(const http::Response& response);
Result<std::string> parse_etag(const http::Response& response);
Result<void> parse_completed(const http::Response& response);  // S3 may answer 200 with an error inside
Result<void> parse_done(const http::Response& response);

}  // namespace lambdapool::aws::s3
