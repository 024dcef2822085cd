#include "core/random.hpp"

#include <sys/random.h>

#include <random>

#include "core/encoding.hpp"
#include "core/error.hpp"

namespace lambdapool {

std::string random_bytes(std::size_t count) {
  std::string noise(count, '\0');
  LAMBDAPOOL_CHECK(::getrandom(noise.data(), noise.size(), 0) == static_cast<ssize_t>(noise.size()));
  return noise;
}

std::string random_hex(std::size_t bytes) { return hex_encode(random_bytes(bytes)); }

double random_fraction() {
  std::random_device source;
  return std::uniform_real_distribution<double>{}(source);
}

}  // namespace lambdapool
