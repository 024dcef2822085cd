// What the local Cloud Storage answers, and Cloud Run where it takes source code for its bucket. Of an object
// its name and bytes are kept, and nothing else.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "http/message.hpp"
#include "local/run/run_files.hpp"
#include "local/run/run_path.hpp"

namespace lambdapool::local::run {

struct StorageAt {
  const RunFiles& files;
  const std::string& url;  // that clients have for this service
  std::chrono::system_clock::time_point now;
};

// Reads and writes files. `path` is of one of the operations on buckets, objects and sources.
http::Response answer_storage(const StorageAt& at, const RunPath& path, const http::Request& request);

// Until when a URL is good that is signed as Cloud Storage's are, by version 4; nullopt where it is none, or
// its times make no sense.
std::optional<std::chrono::system_clock::time_point> signed_url_ends(const http::Request& head);
http::Response expired_url();

}  // namespace lambdapool::local::run
