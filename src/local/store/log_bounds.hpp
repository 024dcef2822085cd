// How much of a function's logs is kept: what is older than two weeks goes, and of the rest the oldest beyond
// 512 MB; but nothing that was written within the last hour, because its worker may still be there.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace lambdapool::local {

struct LogFile {
  std::filesystem::path path;
  std::uint64_t bytes = 0;
  std::int64_t written_s = 0;  // when last, in seconds of the epoch
};

inline constexpr std::int64_t log_age_max_s = 14 * 24 * 3'600;
inline constexpr std::uint64_t logs_bytes_max = 512ull << 20;
inline constexpr std::int64_t log_alive_s = 3'600;

// Those that are to go.
std::vector<std::filesystem::path> outdated_logs(std::vector<LogFile> files, std::int64_t now_s);

// Removes them from a function's folder.
void drop_outdated_logs(const std::filesystem::path& folder, std::int64_t now_s);

}  // namespace lambdapool::local
