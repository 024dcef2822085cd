// Cloud Run's limits. Source: its pages "Quotas and limits", "Memory limits" and "CPU limits".
#pragma once

#include <cstddef>

namespace lambdapool::gcp::limits {

inline constexpr int memory_mb_min = 128;
inline constexpr int memory_mb_max = 32'768;
inline constexpr int memory_mb_default = 512;
inline constexpr int timeout_s_max = 3'600;
inline constexpr int timeout_s_default = 300;
inline constexpr int per_instance_max = 1'000;
inline constexpr std::size_t description_max = 512;
inline constexpr std::size_t variable_bytes_max = 32'768;
inline constexpr std::size_t labels_max = 64;
inline constexpr std::size_t request_bytes_max = std::size_t{32} << 20;  // over HTTP/1
inline constexpr std::size_t archive_bytes_max = 262'144'000;            // of a source deployment
inline constexpr int python_oldest = 10, python_newest = 14;  // base images: python310 to python314

// So many processors go with so much memory.
constexpr int processors_for(int memory_mb) {
  return memory_mb <= 2'048 ? 1 : memory_mb <= 8'192 ? 2 : memory_mb <= 16'384 ? 4 : 8;
}

}  // namespace lambdapool::gcp::limits
