// The processes below one: who they are, and whether one of them holds a certain socket.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace lambdapool::local {

std::string read_proc(pid_t pid, const char* file);  // whole; "" where it is gone

std::vector<pid_t> children_of(pid_t pid);

// `pid`, its children, theirs, and so on; at most some thousand.
std::vector<pid_t> process_tree(pid_t pid);

// Whether `pid` or a process below it has the socket of this inode open. Also true where one of them does not
// let itself be looked into (it has made itself undumpable, or runs another user's program).
bool tree_holds_socket(pid_t pid, std::uint64_t inode);

}  // namespace lambdapool::local
