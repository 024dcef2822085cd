// What the service and its supervisor say to each other, over a SOCK_SEQPACKET pair: one packet, one
// message, in the machine's own byte order (both ends are the same build on the same machine).
#ifndef LAMBDAPOOL_LOCAL_SUPERVISOR_PROTOCOL_H
#define LAMBDAPOOL_LOCAL_SUPERVISOR_PROTOCOL_H

#include <stdint.h>

enum {
  LP_MAX_MESSAGE = 128 * 1024,
  LP_MAX_FDS = 4,
};

// Service to supervisor.
enum lp_request_kind {
  LP_SPAWN = 1,  // start a process; fds: output (1 and 2), channel (3), perhaps memory (4), packets (5)
  LP_KILL = 2,   // kill `pid`, its process group and all its descendants; then every stray process
  LP_END = 3,    // ask `pid` and its process group to end (SIGTERM)
};

enum lp_spawn_flags {
  LP_IN_ROOT = 1,          // enter the prepared root: code, opt and tmp are mounted first
  LP_KEEP_PRIVILEGES = 2,  // the process prepares roots for others itself (an interpreter's fork server)
};

// After it, NUL-terminated: directory, code, opt, tmp, then argc arguments, then envc variables.
struct lp_request {
  uint32_t kind;
  uint32_t id;
  uint32_t flags;
  int32_t pid;
  uint32_t argc;
  uint32_t envc;
};

// Supervisor to service.
enum lp_report_kind {
  LP_HELLO = 1,    // value: enum lp_root
  LP_STARTED = 2,  // pid
  LP_FAILED = 3,   // value: errno of the step that failed; the process is gone
  LP_EXITED = 4,   // value: wait status
};

// Whether workers with a root of their own see the host's /dev/shm.
enum lp_shared_memory { LP_HIDE_SHARED_MEMORY, LP_KEEP_SHARED_MEMORY };

enum lp_root { LP_ROOT_NONE = 0, LP_ROOT_AS_ROOT = 1, LP_ROOT_USER_NAMESPACE = 2 };

struct lp_report {
  uint32_t kind;
  uint32_t id;
  int32_t pid;
  int32_t value;
  int64_t peak_kb;  // LP_EXITED: its largest resident size
};

#endif
