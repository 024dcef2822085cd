// The file system that a function sees: the host's own, read-only, but with its code at /var/task, its
// layers at /opt and a private /tmp.
//
// Most of it is the same for every function, so it is put together once, as a tree of bind mounts at
// `<scratch>/root` in a mount namespace of the supervisor's own. A worker then takes a copy of that
// namespace, adds its three directories, and changes root: about a dozen system calls.
#ifndef LAMBDAPOOL_LOCAL_SUPERVISOR_ROOT_H
#define LAMBDAPOOL_LOCAL_SUPERVISOR_ROOT_H

#include "protocol.h"

// Puts the tree together at `root` (an existing, empty directory), in a child process: a failure would leave
// this one half changed.
enum lp_root prepare_root(const char* root, enum lp_shared_memory shared_memory);

// In the process that is to become the worker. 0, or -1 with errno.
int enter_root(const char* root, const char* code, const char* opt, const char* tmp);

// Whether capabilities survive the execve that follows (needed without root, for LP_KEEP_PRIVILEGES).
void keep_privileges(void);
void drop_privileges(void);

#endif
