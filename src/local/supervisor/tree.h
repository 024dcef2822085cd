// Killing a process with everything that it started.
#ifndef LAMBDAPOOL_LOCAL_SUPERVISOR_TREE_H
#define LAMBDAPOOL_LOCAL_SUPERVISOR_TREE_H

#include <sys/types.h>

// Kills `pid`, its process group, and every descendant that can be found now. A descendant that is being
// born meanwhile ends up as a child of this process (a subreaper), where kill_strays finds it.
void kill_tree(pid_t pid);

// Kills, as trees, those children of this process that `expected` does not know.
void kill_strays(int (*expected)(pid_t pid));

#endif
