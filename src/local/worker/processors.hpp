// How many processors a worker may count on: on Lambda, memory buys them; here, they are also shared with the
// workers beside it. Numeric libraries start a thread for each processor of the machine, and eight workers
// that each do so get in each other's way.
#pragma once

#include <cstddef>
#include <map>
#include <string>

namespace lambdapool::local {

// 1,769 MB are one (AWS, "Configuring Lambda function memory"), 10,240 MB six. At most the share of one of
// `workers` of a machine with `processors`; at least one.
int processors_of_worker(int memory_mb, std::size_t processors, std::size_t workers);

// Of this process: where it may run, and what its cgroup may use.
std::size_t processors_of_machine();

// Sets the variables that numeric libraries read (OpenMP, OpenBLAS, MKL, and others) to `processors`, except
// where the function has set them, or the one that they follow when they are not set.
void set_thread_variables(std::map<std::string, std::string>& variables, int processors);

}  // namespace lambdapool::local
