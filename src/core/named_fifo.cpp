#include "core/named_fifo.hpp"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

namespace lambdapool {

bool is_named_fifo(const std::filesystem::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || !S_ISFIFO(status.st_mode)) return false;
  struct statfs system {};
  return ::statfs(path.c_str(), &system) != 0 || system.f_type != PIPEFS_MAGIC;
}

std::ifstream open_to_read(const std::filesystem::path& path) {
  return is_named_fifo(path) ? std::ifstream() : std::ifstream(path, std::ios::binary);
}

}  // namespace lambdapool
