// The process between a local Lambda and its workers.
//
// The service lives inside somebody else's program, which may have threads, may be killed with -9, and
// should not find unknown children among its own. So one small static process, started from memory, stands
// between: it is the workers' parent and the reaper of whatever they leave behind, it starts and kills on
// request, and when the service goes away for whatever reason it kills everything under it and ends.
//
// No process escapes: workers are subreapers of their own descendants, so whatever is a direct child here
// without having been started from here is an orphan of a dead worker, and is killed at sight.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "protocol.h"
#include "root.h"
#include "tree.h"

enum { CONTROL = 3, MAX_STRINGS = 4096 };

struct child {
  pid_t pid;
  uint32_t id;
};

static struct child* children;
static size_t child_count, child_room;
static const char* root_path;
static enum lp_root root_kind;
static pid_t own_pid;

static int expected(pid_t pid) {
  for (size_t i = 0; i < child_count; ++i) {
    if (children[i].pid == pid) return 1;
  }
  return 0;
}

static void report_end(enum lp_report_kind kind, uint32_t id, pid_t pid, int value, long peak_kb) {
  struct lp_report message = {kind, id, pid, value, peak_kb};
  while (send(CONTROL, &message, sizeof message, MSG_NOSIGNAL) < 0 && errno == EINTR) {
  }
}

static void report(enum lp_report_kind kind, uint32_t id, pid_t pid, int value) {
  report_end(kind, id, pid, value, 0);
}

struct spawn {
  struct lp_request request;
  const char *directory, *code, *opt, *tmp;
  char* argv[MAX_STRINGS];
  char* envp[MAX_STRINGS];
  int fds[LP_MAX_FDS];
  int fd_count;
};

static volatile int child_errno;  // written by the vforked child, which shares our memory

static void limit(int resource, rlim_t value) {
  struct rlimit limits;
  if (getrlimit(resource, &limits) != 0) return;
  if (limits.rlim_max < value) value = limits.rlim_max;
  limits.rlim_cur = limits.rlim_max = value;
  setrlimit(resource, &limits);
}

static void reset_signals(void) {
  sigset_t none;
  for (int signal_number = 1; signal_number < 32; ++signal_number) signal(signal_number, SIG_DFL);
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
}

static int place_descriptors(const struct spawn* spawn) {
  int null = open("/dev/null", O_RDONLY);
  if (null < 0) return -1;
  // Received descriptors lie above CONTROL, so none of these overwrites one that is still needed.
  if (dup2(null, 0) < 0 || dup2(spawn->fds[0], 1) < 0 || dup2(spawn->fds[0], 2) < 0) return -1;
  if (dup2(spawn->fds[1], 3) < 0) return -1;
  // The third of them is at least 6, and the fourth 7, so that they lose their close-on-exec here.
  for (int i = 2; i < spawn->fd_count; ++i) {
    if (dup2(spawn->fds[i], i + 2) < 0) return -1;
  }
  return syscall(SYS_close_range, 2u + (unsigned)spawn->fd_count, ~0u, 0u) == 0 || errno == ENOSYS ? 0 : -1;
}

static int become_worker(const struct spawn* spawn) {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != own_pid) return -1;
  prctl(PR_SET_CHILD_SUBREAPER, spawn->request.flags & LP_KEEP_PRIVILEGES ? 0 : 1);
  setpgid(0, 0);  // not a session, which costs two milliseconds where the kernel groups by session
  limit(RLIMIT_CORE, 0);
  if (!(spawn->request.flags & LP_KEEP_PRIVILEGES)) limit(RLIMIT_NOFILE, 1024);
  if (spawn->request.flags & LP_IN_ROOT) {
    if (enter_root(root_path, spawn->code, spawn->opt, spawn->tmp) != 0) return -1;
  }
  if (chdir(spawn->directory) != 0) return -1;
  if (place_descriptors(spawn) != 0) return -1;
  if (spawn->request.flags & LP_KEEP_PRIVILEGES) {
    keep_privileges();
  } else {
    drop_privileges();
  }
  reset_signals();
  execve(spawn->argv[0], spawn->argv, spawn->envp);
  return -1;
}

static int remember(pid_t pid, uint32_t id) {
  if (child_count == child_room) {
    size_t room = child_room ? child_room * 2 : 64;
    struct child* more = realloc(children, room * sizeof *more);
    if (!more) return -1;
    children = more;
    child_room = room;
  }
  children[child_count++] = (struct child){pid, id};
  return 0;
}

static void start(const struct spawn* spawn) {
  child_errno = 0;
  pid_t pid = vfork();
  if (pid == 0) {
    become_worker(spawn);
    child_errno = errno ? errno : EIO;
    _exit(127);
  }
  if (pid < 0) child_errno = errno;
  if (child_errno != 0) {
    if (pid > 0) waitpid(pid, NULL, 0);
    report(LP_FAILED, spawn->request.id, pid, child_errno);
  } else if (remember(pid, spawn->request.id) != 0) {
    kill(pid, SIGKILL);
    report(LP_FAILED, spawn->request.id, pid, ENOMEM);
  } else {
    report(LP_STARTED, spawn->request.id, pid, 0);
  }
}

// Splits the strings behind the header; 0 where the message is not what it says it is.
static int parse(char* message, size_t size, struct spawn* spawn) {
  char* at = message + sizeof spawn->request;
  char* end = message + size;
  const char** fixed[] = {&spawn->directory, &spawn->code, &spawn->opt, &spawn->tmp};
  uint32_t argc = spawn->request.argc, envc = spawn->request.envc;
  if (argc == 0 || argc >= MAX_STRINGS || envc >= MAX_STRINGS) return 0;
  for (uint32_t i = 0; i < 4 + argc + envc; ++i) {
    char* nul = at < end ? memchr(at, 0, (size_t)(end - at)) : NULL;
    if (!nul) return 0;
    if (i < 4) {
      *fixed[i] = at;
    } else if (i < 4 + argc) {
      spawn->argv[i - 4] = at;
    } else {
      spawn->envp[i - 4 - argc] = at;
    }
    at = nul + 1;
  }
  spawn->argv[argc] = NULL;
  spawn->envp[envc] = NULL;
  return spawn->fd_count >= 2 && spawn->fd_count <= LP_MAX_FDS;
}

static void take_descriptors(struct msghdr* header, struct spawn* spawn) {
  spawn->fd_count = 0;
  for (struct cmsghdr* c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    spawn->fd_count = (int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    memcpy(spawn->fds, CMSG_DATA(c), (size_t)spawn->fd_count * sizeof(int));
  }
}

// 0 when the service is gone.
static int serve_one(void) {
  static char buffer[LP_MAX_MESSAGE];
  static struct spawn spawn;
  char control[CMSG_SPACE(LP_MAX_FDS * sizeof(int))];
  struct iovec part = {buffer, sizeof buffer};
  struct msghdr header = {0};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  ssize_t size = recvmsg(CONTROL, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  if (size < 0) return errno == EAGAIN || errno == EINTR;
  if (size == 0) return 0;
  take_descriptors(&header, &spawn);
  if ((size_t)size >= sizeof spawn.request) {
    memcpy(&spawn.request, buffer, sizeof spawn.request);
    if (spawn.request.kind == LP_KILL) {
      if (spawn.request.pid > 1) kill_tree(spawn.request.pid);
      kill_strays(expected);
    } else if (spawn.request.kind == LP_END) {
      if (spawn.request.pid > 1) kill(-spawn.request.pid, SIGTERM);
    } else if (spawn.request.kind == LP_SPAWN) {
      if (parse(buffer, (size_t)size, &spawn)) {
        start(&spawn);
      } else {
        report(LP_FAILED, spawn.request.id, 0, EINVAL);
      }
    }
  }
  for (int i = 0; i < spawn.fd_count; ++i) close(spawn.fds[i]);
  return 1;
}

static void reap(void) {
  int status;
  struct rusage usage;
  pid_t pid;
  while ((pid = wait4(-1, &status, WNOHANG, &usage)) > 0) {
    for (size_t i = 0; i < child_count; ++i) {
      if (children[i].pid != pid) continue;
      kill(-pid, SIGKILL);  // what is left of its group; the rest are strays now
      report_end(LP_EXITED, children[i].id, pid, status, usage.ru_maxrss);
      children[i] = children[--child_count];
      break;
    }
  }
  kill_strays(expected);
}

static int nobody(pid_t pid) {
  (void)pid;
  return 0;
}

static void end(void) {
  for (;;) {
    kill_strays(nobody);
    if (waitpid(-1, NULL, 0) < 0 && errno == ECHILD) break;
  }
  _exit(0);
}

// Also a parent whose descriptors live on in some fork of it counts as gone when it has died itself.
static int watch_parent(pid_t parent) {
  int fd = (int)syscall(SYS_pidfd_open, parent, 0);
  if (getppid() != parent) end();
  return fd;
}

// As a session of our own would have it, which costs more than that (see supervisor.cpp). Children have none either.
static void leave_terminal(void) {
  int terminal = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (terminal < 0) return;
  ioctl(terminal, TIOCNOTTY);
  close(terminal);
}

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  syscall(SYS_close_range, 4u, ~0u, 0u);
  fcntl(CONTROL, F_SETFD, FD_CLOEXEC);
  own_pid = getpid();
  leave_terminal();
  root_path = argc > 2 ? argv[2] : "";
  prctl(PR_SET_NAME, "lambdapool-sup");
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  int parent = watch_parent((pid_t)atoi(argv[1]));
  for (int s = 1; s < 32; ++s) {
    if (s == SIGHUP || s == SIGINT || s == SIGQUIT || s == SIGTERM || s == SIGPIPE) signal(s, SIG_IGN);
  }
  sigset_t mask;
  sigemptyset(&mask);
  sigaddset(&mask, SIGCHLD);
  sigprocmask(SIG_SETMASK, &mask, NULL);
  int keep_shared_memory = argc > 3 && *argv[3];
  if (*root_path) {
    root_kind = prepare_root(root_path, keep_shared_memory ? LP_KEEP_SHARED_MEMORY : LP_HIDE_SHARED_MEMORY);
  }
  int signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
  report(LP_HELLO, 0, own_pid, (int)root_kind);
  struct pollfd sources[] = {{CONTROL, POLLIN, 0}, {signals, POLLIN, 0}, {parent, POLLIN, 0}};
  for (;;) {
    if (poll(sources, 3, -1) < 0 && errno != EINTR) end();
    if (sources[1].revents) {
      struct signalfd_siginfo info;
      while (read(signals, &info, sizeof info) > 0) {
      }
      reap();
    }
    if (sources[2].revents) end();
    if (sources[0].revents && !serve_one()) end();
  }
}
