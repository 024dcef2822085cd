#include "local/worker/resident_memory.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string_view>

#include "local/worker/process_tree.hpp"

namespace lambdapool::local {
namespace {

std::uint64_t resident_pages(pid_t pid) {
  const std::string statm = read_proc(pid, "statm");
  unsigned long long total = 0, resident = 0;
  return std::sscanf(statm.c_str(), "%llu %llu", &total, &resident) == 2 ? resident : 0;
}

}  // namespace

std::uint64_t resident_bytes_of_tree(pid_t pid) {
  std::uint64_t pages = 0;
  for (const pid_t one : process_tree(pid)) pages += resident_pages(one);
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
