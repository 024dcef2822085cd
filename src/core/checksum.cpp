#include "core/checksum.hpp"

#include <zlib.h>

namespace lambdapool {

std::uint32_t crc32(std::uint32_t before, std::string_view bytes) {
  if (bytes.empty()) return before;  // zlib takes a null pointer for the wish to begin anew
  return static_cast<std::uint32_t>(
      ::crc32_z(before, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
}

}  // namespace lambdapool
