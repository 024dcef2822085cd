#define _GNU_SOURCE
#include "root.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PATH_SIZE = 4096 };
enum access_mode { WRITABLE, READ_ONLY };

// mount_setattr keeps the flags that the host locked, where MS_REMOUNT would be refused for dropping
// them. Absent before Linux 5.12: then the bind stays as writable as the host's own directory is.
static void make_read_only(const char* path) {
  struct {
    uint64_t set, clear, propagation, user_namespace;
  } attributes = {1 /* MOUNT_ATTR_RDONLY */, 0, 0, 0};
  syscall(442 /* mount_setattr, the same on every architecture */, AT_FDCWD, path, 0x8000 /* AT_RECURSIVE */,
          &attributes, sizeof attributes);
}

static int bind_mount(const char* from, const char* to, enum access_mode mode) {
  if (mount(from, to, NULL, MS_BIND | MS_REC, NULL) != 0) return -1;
  if (mode == READ_ONLY) make_read_only(to);
  return 0;
}

static int skipped(const char* name, const char* const* without) {
  if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) return 1;
  for (; *without; ++without) {
    if (strcmp(name, *without) == 0) return 1;
  }
  return 0;
}

static void mirror_entry(const char* from, const char* to, enum access_mode mode) {
  struct stat info;
  if (lstat(from, &info) != 0) return;
  if (S_ISLNK(info.st_mode)) {
    char target[PATH_SIZE];
    ssize_t length = readlink(from, target, sizeof target - 1);
    if (length <= 0) return;
    target[length] = 0;
    if (symlink(target, to) != 0) return;
  } else if (S_ISDIR(info.st_mode)) {
    // What can't be bound (somebody else's locked mounts) is left as an empty directory.
    if (mkdir(to, 0755) == 0) bind_mount(from, to, mode);
  } else if (S_ISREG(info.st_mode)) {
    int fd = open(to, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
    if (fd < 0) return;
    close(fd);
    bind_mount(from, to, mode);
  }
}

static int mirror(const char* from, const char* to, const char* const* without) {
  DIR* directory = opendir(from);
  if (!directory) return -1;
  struct dirent* entry;
  while ((entry = readdir(directory))) {
    if (skipped(entry->d_name, without)) continue;
    char source[PATH_SIZE], target[PATH_SIZE];
    snprintf(source, sizeof source, "%s/%s", strcmp(from, "/") == 0 ? "" : from, entry->d_name);
    snprintf(target, sizeof target, "%s/%s", to, entry->d_name);
    int device = strcmp(source, "/dev") == 0 || strcmp(source, "/proc") == 0;
    mirror_entry(source, target, device ? WRITABLE : READ_ONLY);
  }
  closedir(directory);
  return 0;
}

static int make_directory(const char* root, const char* name) {
  char path[PATH_SIZE];
  snprintf(path, sizeof path, "%s/%s", root, name);
  return mkdir(path, 0755);
}

// What callers have put into the object store for workers (worker/scratch.cpp makes the directory). Where it
// can't be bound, workers ask the store.
static void bind_objects(const char* root) {
  char from[PATH_SIZE], to[PATH_SIZE];
  snprintf(from, sizeof from, "%s/../objects/data", root);
  snprintf(to, sizeof to, "%s/var/lambdapool", root);
  bind_mount(from, to, READ_ONLY);
}

static int build(const char* root) {
  static const char* const own[] = {"tmp", "opt", "var", NULL};
  static const char* const own_of_var[] = {"task", "runtime", "lambdapool", NULL};
  char var[PATH_SIZE], copy[PATH_SIZE];
  snprintf(var, sizeof var, "%s/var", root);
  snprintf(copy, sizeof copy, "%s%s", root, root);
  if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) != 0) return -1;
  if (mount("lambdapool", root, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=1m") != 0) return -1;
  if (mirror("/", root, own) != 0) return -1;
  if (make_directory(root, "tmp") != 0 || make_directory(root, "opt") != 0) return -1;
  if (make_directory(root, "var") != 0 || make_directory(var, "task") != 0) return -1;
  if (make_directory(var, "runtime") != 0) return -1;  // of Python: see python/sdk.py
  mirror("/var", var, own_of_var);
  if (make_directory(var, "lambdapool") == 0) bind_objects(root);
  umount2(copy, MNT_DETACH);  // where `root` lies below a mirrored directory, it was mirrored into itself
  return mount(NULL, root, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV, NULL);
}

static int write_file(const char* path, const char* text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  ssize_t written = write(fd, text, strlen(text));
  close(fd);
  return written == (ssize_t)strlen(text) ? 0 : -1;
}

// The same user and group inside as outside, so that files and `id` look as they do on the host.
static int enter_user_namespace(uid_t user, gid_t group) {
  char map[64];
  if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return -1;
  write_file("/proc/self/setgroups", "deny");
  snprintf(map, sizeof map, "%u %u 1", user, user);
  if (write_file("/proc/self/uid_map", map) != 0) return -1;
  snprintf(map, sizeof map, "%u %u 1", group, group);
  return write_file("/proc/self/gid_map", map);
}

// Lambda has no /dev/shm, and what needs it (semaphores, so multiprocessing's queues and pools, and shared
// memory) fails there. A mount point cannot be taken away, but nothing can be made in this one.
static void hide_shared_memory(const char* root) {
  char path[PATH_SIZE];
  struct stat info;
  snprintf(path, sizeof path, "%s/dev/shm", root);
  if (lstat(path, &info) != 0 || !S_ISDIR(info.st_mode)) return;
  mount("lambdapool", path, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0555,size=4k");
}

static enum lp_shared_memory shared_memory;

static int attempt(const char* root, enum lp_root kind) {
  if (kind == LP_ROOT_AS_ROOT ? unshare(CLONE_NEWNS) != 0 : enter_user_namespace(getuid(), getgid()) != 0) {
    return -1;
  }
  if (build(root) != 0) return -1;
  if (shared_memory == LP_HIDE_SHARED_MEMORY) hide_shared_memory(root);
  return 0;
}

enum { USER, MOUNTS, NAMESPACES };

union descriptors {
  struct cmsghdr aligned;
  char bytes[CMSG_SPACE(NAMESPACES * sizeof(int))];
};

static struct msghdr message_with(union descriptors* control, struct iovec* part) {
  static char byte;
  *part = (struct iovec){&byte, 1};
  return (struct msghdr){
      .msg_iov = part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof *control};
}

static int hand_over(int to, const int* own) {
  union descriptors control = {0};
  struct iovec part;
  struct msghdr message = message_with(&control, &part);
  const size_t size = NAMESPACES * sizeof *own;
  *CMSG_FIRSTHDR(&message) =
      (struct cmsghdr){.cmsg_len = CMSG_LEN(size), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
  memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)), own, size);
  return sendmsg(to, &message, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

// What a worker's directories are tried with: of the host's, without half of its mounts below.
#define TRIAL "/usr"

static int hand_over_what_works(int to, const char* root) {
  int own[NAMESPACES] = {open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC),
                         open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC)};
  if (own[USER] < 0 || own[MOUNTS] < 0) return -1;
  return enter_root(root, TRIAL, TRIAL, TRIAL) == 0 ? hand_over(to, own) : -1;
}

static int take_over_namespaces(int from, enum lp_root kind) {
  int made[NAMESPACES];
  union descriptors control;
  struct iovec part;
  struct msghdr message = message_with(&control, &part);
  if (recvmsg(from, &message, MSG_CMSG_CLOEXEC) != 1) return -1;
  struct cmsghdr* received = CMSG_FIRSTHDR(&message);
  if (!received || received->cmsg_len != CMSG_LEN(sizeof made)) return -1;
  memcpy(made, CMSG_DATA(received), sizeof made);
  int user = kind == LP_ROOT_USER_NAMESPACE ? setns(made[USER], CLONE_NEWUSER) : 0;
  int taken = user == 0 ? setns(made[MOUNTS], CLONE_NEWNS) : -1;
  for (int i = 0; i < NAMESPACES; ++i) close(made[i]);
  return taken;
}

// A root that was only half built, or a user namespace without rights in it, must not be lived in: a child
// makes it, all the way to entering it, and only what has proved good is taken over from it. It then ends by
// itself, which takes a while: it has mounts of its own.
static int make_root(const char* root, enum lp_root kind) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return -1;
  pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    _exit(attempt(root, kind) == 0 && hand_over_what_works(ends[1], root) == 0 ? 0 : 1);
  }
  close(ends[1]);
  const int taken = child > 0 ? take_over_namespaces(ends[0], kind) : -1;
  close(ends[0]);
  return taken;
}

enum lp_root prepare_root(const char* root, enum lp_shared_memory wanted) {
  shared_memory = wanted;
  if (geteuid() == 0 && make_root(root, LP_ROOT_AS_ROOT) == 0) return LP_ROOT_AS_ROOT;
  // Root in a container often may not mount; its own user namespace may still be allowed to.
  return make_root(root, LP_ROOT_USER_NAMESPACE) == 0 ? LP_ROOT_USER_NAMESPACE : LP_ROOT_NONE;
}

int enter_root(const char* root, const char* code, const char* opt, const char* tmp) {
  char path[PATH_SIZE];
  if (unshare(CLONE_NEWNS) != 0) return -1;
  snprintf(path, sizeof path, "%s/var/task", root);
  if (bind_mount(code, path, READ_ONLY) != 0) return -1;
  snprintf(path, sizeof path, "%s/opt", root);
  if (*opt && bind_mount(opt, path, READ_ONLY) != 0) return -1;
  snprintf(path, sizeof path, "%s/tmp", root);
  if (bind_mount(tmp, path, WRITABLE) != 0) return -1;
  return chroot(root);
}

static const unsigned needed[] = {CAP_SYS_ADMIN, CAP_SYS_CHROOT};

void keep_privileges(void) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2];
  if (syscall(SYS_capget, &header, data) != 0) return;
  for (size_t i = 0; i < sizeof needed / sizeof *needed; ++i) data[0].inheritable |= 1u << needed[i];
  if (syscall(SYS_capset, &header, data) != 0) return;
  for (size_t i = 0; i < sizeof needed / sizeof *needed; ++i) {
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, needed[i], 0, 0);
  }
}

void drop_privileges(void) {
  if (geteuid() == 0) return;
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct none[2];
  memset(none, 0, sizeof none);
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  syscall(SYS_capset, &header, none);
}
