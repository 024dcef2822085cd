#include "tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_CHILDREN = 4096 };

static ssize_t read_file(const char* path, char* buffer, size_t size) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  size_t used = 0;
  ssize_t got;
  while (used < size - 1 && (got = read(fd, buffer + used, size - 1 - used)) > 0) used += (size_t)got;
  close(fd);
  buffer[used] = 0;
  return (ssize_t)used;
}

static pid_t parent_of(const char* pid) {
  char path[64], stat[512];
  snprintf(path, sizeof path, "/proc/%.20s/stat", pid);
  if (read_file(path, stat, sizeof stat) <= 0) return -1;
  const char* after_name = strrchr(stat, ')');  // the name may hold anything, so count from its end
  int parent = -1;
  if (after_name) sscanf(after_name + 1, " %*c %d", &parent);
  return parent;
}

// Kernels without CONFIG_PROC_CHILDREN have no children file: look at every process's parent.
static int children_by_scan(pid_t pid, pid_t* out, int max) {
  DIR* proc = opendir("/proc");
  if (!proc) return 0;
  int count = 0;
  struct dirent* entry;
  while (count < max && (entry = readdir(proc))) {
    if (entry->d_name[0] < '1' || entry->d_name[0] > '9') continue;
    if (parent_of(entry->d_name) == pid) out[count++] = (pid_t)atoi(entry->d_name);
  }
  closedir(proc);
  return count;
}

static int children_of_thread(const char* pid, const char* thread, pid_t* out, int max) {
  static char text[32768];
  char path[96];
  snprintf(path, sizeof path, "/proc/%.20s/task/%.20s/children", pid, thread);
  if (read_file(path, text, sizeof text) < 0) return 0;
  int count = 0;
  char* at = text;
  char* end;
  while (count < max) {
    long child = strtol(at, &end, 10);
    if (end == at) break;
    out[count++] = (pid_t)child;
    at = end;
  }
  return count;
}

static int has_children_files(void) {
  static int known = -1;
  if (known < 0) {
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
    known = access(path, R_OK) == 0;
  }
  return known;
}

static int children_of(pid_t pid, pid_t* out, int max) {
  char name[24], path[64];
  if (!has_children_files()) return children_by_scan(pid, out, max);
  snprintf(name, sizeof name, "%d", pid);
  snprintf(path, sizeof path, "/proc/%s/task", name);
  DIR* tasks = opendir(path);
  if (!tasks) return 0;
  int count = 0;
  struct dirent* entry;
  while (count < max && (entry = readdir(tasks))) {
    if (entry->d_name[0] != '.') count += children_of_thread(name, entry->d_name, out + count, max - count);
  }
  closedir(tasks);
  return count;
}

void kill_tree(pid_t pid) {
  if (pid <= 1) return;
  pid_t* found = malloc(MAX_CHILDREN * sizeof *found);
  int count = found ? 1 : 0;
  if (found) found[0] = pid;
  for (int at = 0; at < count; ++at) count += children_of(found[at], found + count, MAX_CHILDREN - count);
  kill(-pid, SIGKILL);
  kill(pid, SIGKILL);
  for (int at = 1; at < count; ++at) kill(found[at], SIGKILL);
  free(found);
}

void kill_strays(int (*expected)(pid_t pid)) {
  pid_t* found = malloc(MAX_CHILDREN * sizeof *found);
  if (!found) return;
  int count = children_of(getpid(), found, MAX_CHILDREN);
  for (int at = 0; at < count; ++at) {
    if (!expected(found[at])) kill_tree(found[at]);
  }
  free(found);
}
