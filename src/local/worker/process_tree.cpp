#include "local/worker/process_tree.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "core/descriptor.hpp"

namespace lambdapool::local {
namespace {

constexpr std::size_t most = 4096;

std::string proc(pid_t pid) { return "/proc/" + std::to_string(pid); }

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

pid_t parent_of(pid_t pid) {
  const std::string stat = read_proc(pid, "stat");
  const auto after_name = stat.rfind(')');  // the name may hold anything, so count from its end
  int parent = -1;
  if (after_name != std::string::npos) std::sscanf(stat.c_str() + after_name + 1, " %*c %d", &parent);
  return parent;
}

// Kernels without CONFIG_PROC_CHILDREN have no children file: look at every process's parent.
std::vector<pid_t> children_by_scan(pid_t pid) {
  std::vector<pid_t> children;
  std::error_code error;
  for (std::filesystem::directory_iterator one("/proc", error), end; !error && one != end;
       one.increment(error)) {
    const std::string name = one->path().filename().string();
    if (!std::isdigit(static_cast<unsigned char>(name.front()))) continue;
    const auto child = static_cast<pid_t>(std::atoi(name.c_str()));
    if (parent_of(child) == pid) children.push_back(child);
  }
  return children;
}

bool has_children_files() {
  static const bool has = ::access("/proc/thread-self/children", R_OK) == 0;
  return has;
}

enum class Holds { no, yes, unknown };

Holds process_holds(pid_t pid, const std::string& wanted) {
  struct Closing {
    void operator()(DIR* directory) const { ::closedir(directory); }
  };
  const std::unique_ptr<DIR, Closing> open(::opendir((proc(pid) + "/fd").c_str()));
  if (!open) return errno == EACCES || errno == EPERM ? Holds::unknown : Holds::no;  // no: it has ended
  char target[64];
  while (const dirent* entry = ::readdir(open.get())) {
    const ssize_t size = ::readlinkat(::dirfd(open.get()), entry->d_name, target, sizeof target);
    if (size > 0 && wanted == std::string_view(target, static_cast<std::size_t>(size))) return Holds::yes;
  }
  return Holds::no;
}

}  // namespace

std::string read_proc(pid_t pid, const char* file) { return read_small(proc(pid) + "/" + file); }

std::vector<pid_t> children_of(pid_t pid) {
  if (!has_children_files()) return children_by_scan(pid);
  std::vector<pid_t> children;
  std::error_code error;
  for (std::filesystem::directory_iterator task(proc(pid) + "/task", error), end; !error && task != end;
       task.increment(error)) {
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

std::vector<pid_t> process_tree(pid_t pid) {
  std::vector<pid_t> tree{pid};
  for (std::size_t i = 0; i < tree.size() && tree.size() < most; ++i) {
    const auto children = children_of(tree[i]);
    tree.insert(tree.end(), children.begin(), children.end());
  }
  return tree;
}

bool tree_holds_socket(pid_t pid, std::uint64_t inode) {
  const std::string wanted = "socket:[" + std::to_string(inode) + "]";
  for (const pid_t one : process_tree(pid)) {
    if (process_holds(one, wanted) != Holds::no) return true;
  }
  return false;
}

}  // namespace lambdapool::local
