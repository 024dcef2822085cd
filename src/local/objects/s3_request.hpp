// From method and target to one of S3's operations, in path style: /bucket/key.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "http/message.hpp"
#include "local/control/refusal.hpp"

namespace lambdapool::local {

enum class S3Operation {
  list_buckets,
  create_bucket,
  head_bucket,
  delete_bucket,
  get_bucket_location,
  list_objects,
  delete_objects,
  put_object,
  get_object,
  head_object,
  delete_object,
  create_upload,
  upload_part,
  complete_upload,
  abort_upload,
};

struct S3Request {
  S3Operation operation = S3Operation::get_object;
  std::string bucket = {};                        // "" of list_buckets alone
  std::string key = {};                           // decoded; "" of what is about a bucket
  std::map<std::string, std::string> query = {};  // decoded; without what signs

  std::string value(const std::string& name) const;  // "" where there is none
};

// Whether the request's signature is one for S3: by that, not by its path, the two services of one endpoint
// are told apart.
bool is_for_s3(const http::Request& head);

// In the query, of version 2, which boto3 still makes where it is not told signature_version="s3v4".
bool has_old_signature(const http::Request& head);

// 400 for a bucket or key that cannot be, 501 NotImplemented for what S3 has and this has not.
OrRefusal<S3Request> parse_s3_request(const http::Request& head);

}  // namespace lambdapool::local
