// The calls of Cloud Storage's JSON API that deploying needs, as pairs of build and parse.
// Source: the discovery document of storage.googleapis.com, v1.
#pragma once

#include <string>

#include "core/error.hpp"
#include "http/message.hpp"

namespace lambdapool::gcp::storage {

http::Request get_bucket_request(const std::string& bucket);
// Its objects go after 30 days: a service keeps its own copy of its code.
http::Request create_bucket_request(const std::string& project, const std::string& location,
                                    const std::string& bucket);
http::Request upload_object_request(const std::string& bucket, const std::string& object, std::string bytes);
http::Request delete_object_request(const std::string& bucket, const std::string& object);

// Of an upload: the object's generation, which names these very bytes.
Result<std::string> parse_upload_object(const http::Response& response);
// Of the others, which say nothing more than yes.
Result<void> parse_done(const http::Response& response);

}  // namespace lambdapool::gcp::storage
