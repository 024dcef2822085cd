// AWS Lambda's limits, to the byte. Source: AWS's "Lambda quotas" page and recorded answers.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace lambdapool::limits {

inline constexpr int memory_mb_min = 128;
inline constexpr int memory_mb_max = 10'240;
inline constexpr int memory_mb_default = 128;
inline constexpr int timeout_s_min = 1;
inline constexpr int timeout_s_max = 1'800;
inline constexpr int timeout_s_default = 3;
inline constexpr int ephemeral_mb_min = 512;
inline constexpr int ephemeral_mb_max = 10'240;
inline constexpr int layers_max = 5;
inline constexpr int function_name_max = 64;
inline constexpr std::size_t description_max = 256;
inline constexpr std::size_t subnets_max = 16;
inline constexpr std::size_t security_groups_max = 5;
inline constexpr std::int64_t environment_bytes_max = 4'096;
inline constexpr std::int64_t zip_bytes_max = 52'428'800;                // through the API; larger through S3
inline constexpr std::int64_t unzipped_bytes_max = 262'144'000;          // layers included
inline constexpr std::int64_t create_request_bytes_max = 70'167'211;     // the whole CreateFunction body
inline constexpr std::int64_t request_payload_bytes_max = 6'291'456;     // synchronous Invoke
inline constexpr std::int64_t response_payload_bytes_max = 6'291'556;    // 6 MiB + 100
inline constexpr std::int64_t streamed_payload_bytes_max = 209'715'200;  // InvokeWithResponseStream
inline constexpr std::int64_t event_payload_bytes_max = 1'048'576;       // asynchronous Invoke
inline constexpr std::int64_t log_tail_bytes = 4'096;                    // X-Amz-Log-Result, before base64
inline constexpr std::int64_t client_context_bytes_max = 3'583;          // as base64
inline constexpr int account_concurrency_default = 1'000;
inline constexpr int list_page_max = 50;

}  // namespace lambdapool::limits
