// Runs a task that keep_failed has kept, in this process and in place of main: `lambdapool replay` starts the
// program so, perhaps under a debugger.
#pragma once

#include <string>

namespace lambdapool::api {

inline constexpr const char* replay_variable = "LAMBDAPOOL_REPLAY";  // names the file

// Ends the process: with 0 where the task returned, 1 where it threw again, 2 where it cannot be run here.
[[noreturn]] void replay(const std::string& path);

}  // namespace lambdapool::api
