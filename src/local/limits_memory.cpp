#include "local/limits_memory.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string_view>

namespace lambdapool::local {
namespace {

// Reads a whole small file of /proc; "" where it is gone.
std::string read_small(const std::string& path) {
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  char buffer[4096];
  ssize_t size;
  while (fd && (size = ::read(fd.get(), buffer, sizeof buffer)) > 0) {
    text.append(buffer, static_cast<std::size_t>(size));
  }
  return text;
}

std::uint64_t resident_pages(pid_t pid) {
  const std::string statm = read_small("/proc/" + std::to_string(pid) + "/statm");
  unsigned long long total = 0, resident = 0;
  return std::sscanf(statm.c_str(), "%llu %llu", &total, &resident) == 2 ? resident : 0;
}

}  // namespace

std::vector<pid_t> children_of(pid_t pid) {
  std::vector<pid_t> children;
  std::error_code error;
  for (std::filesystem::directory_iterator task("/proc/" + std::to_string(pid) + "/task", error), end;
       !error && task != end; task.increment(error)) {
    const std::string text = read_small(task->path().string() + "/children");
    const char* at = text.c_str();
    char* after = nullptr;
    for (long child = std::strtol(at, &after, 10); after != at; child = std::strtol(at, &after, 10)) {
      children.push_back(static_cast<pid_t>(child));
      at = after;
    }
  }
  return children;
}

std::uint64_t resident_bytes_of_tree(pid_t pid) {
  constexpr std::size_t most = 4096;
  std::vector<pid_t> tree{pid};
  std::uint64_t pages = 0;
  for (std::size_t i = 0; i < tree.size() && tree.size() < most; ++i) {
    pages += resident_pages(tree[i]);
    const auto children = children_of(tree[i]);
    tree.insert(tree.end(), children.begin(), children.end());
  }
  return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

PeakMemory::PeakMemory(pid_t pid)
    : status_(::open(("/proc/" + std::to_string(pid) + "/status").c_str(), O_RDONLY | O_CLOEXEC)) {}

std::uint64_t PeakMemory::bytes() const {
  char text[4096];
  const ssize_t size = status_ ? ::pread(status_.get(), text, sizeof text - 1, 0) : 0;
  if (size <= 0) return 0;
  text[size] = '\0';
  const char* line = std::strstr(text, "VmHWM:");
  return line ? std::strtoull(line + 6, nullptr, 10) * 1024 : 0;
}

}  // namespace lambdapool::local
