// What is uploaded as a function's code, and what the function must be configured with to run it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "core/limits.hpp"
#include "package/zip.hpp"

namespace lambdapool::package {

struct Package {
  std::string zip;
  std::string sha256_base64;  // equal to Lambda's CodeSha256
  std::string runtime;        // "python3.11", "provided.al2023"
  std::string handler;        // "lambdapool_agent.lambda_handler", "lambdapool"
  std::string architecture;   // "x86_64" or "arm64"
  std::string codec;          // "pickle" or "cpp"
  std::int64_t unzipped_bytes = 0;
  std::vector<ZipFile> biggest;  // the largest files, largest first, five at most
};

// Zips `entries`; fills in everything that follows from them. Error: payload_too_large where they are more
// than Lambda takes unzipped, before any of it is read.
Result<Package> make_package(std::vector<ZipEntry> entries, const GiveUp& give_up = {});

// Error: payload_too_large, one sentence with the size, the limit and the biggest files.
Result<void> check_sizes(const Package& package, std::int64_t zip_bytes_max = limits::zip_bytes_max);

}  // namespace lambdapool::package
