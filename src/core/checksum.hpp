// CRC-32 (zlib's), which S3's clients send with what they upload, and CRC-32C (Castagnoli's), which Google's
// compare.
#pragma once

#include <cstdint>
#include <string_view>

namespace lambdapool {

std::uint32_t crc32(std::uint32_t before,
                    std::string_view bytes);  // `before`: of what precedes, 0 for nothing

std::uint32_t crc32c(std::string_view bytes);

}  // namespace lambdapool
