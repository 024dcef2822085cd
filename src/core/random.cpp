#include "core/random.hpp"

#include <sys/random.h>

#include "core/encoding.hpp"
#include "core/error.hpp"

namespace lambdapool {

std::string random_hex(std::size_t bytes) {
  std::string noise(bytes, '\0');
  LAMBDAPOOL_CHECK(::getrandom(noise.data(), noise.size(), 0) == static_cast<ssize_t>(noise.size()));
  return hex_encode(noise);
}

}  // namespace lambdapool
