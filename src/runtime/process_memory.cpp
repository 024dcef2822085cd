#include "runtime/process_memory.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace lambdapool::runtime {

std::uint64_t resident_bytes(pid_t pid) {
  static const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  std::uint64_t total = 0;
  std::vector<pid_t> left{pid};
  while (!left.empty()) {
    const std::string folder = "/proc/" + std::to_string(left.back());
    left.pop_back();
    std::uint64_t size = 0;
    std::uint64_t resident = 0;
    std::ifstream(folder + "/statm") >> size >> resident;
    total += resident * page;
    std::error_code gone;
    for (std::filesystem::directory_iterator each(folder + "/task", gone), end; each != end;
         each.increment(gone)) {
      std::ifstream children(each->path() / "children");
      for (pid_t child = 0; children >> child;) left.push_back(child);
    }
  }
  return total;
}

std::uint64_t out_of_memory_kills() {
  std::ifstream events("/sys/fs/cgroup/memory.events");
  std::string name;
  std::uint64_t count = 0;
  while (events >> name >> count)
    if (name == "oom_kill") return count;
  return 0;
}

}  // namespace lambdapool::runtime
