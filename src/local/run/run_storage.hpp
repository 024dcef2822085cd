// What the local Cloud Storage answers, and Cloud Run where it takes source code for its bucket.
#pragma once

#include <chrono>

#include "http/message.hpp"
#include "local/run/run_files.hpp"
#include "local/run/run_path.hpp"

namespace lambdapool::local::run {

// Reads and writes files. `path` is of one of the operations on buckets, objects and sources.
http::Response answer_storage(const RunFiles& files, const RunPath& path, const http::Request& request,
                              std::chrono::system_clock::time_point now);

}  // namespace lambdapool::local::run
