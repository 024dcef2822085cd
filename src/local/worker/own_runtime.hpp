// Whether a function's bootstrap is lambdapool's own C++ runtime, which takes its invocations from the
// channel that it inherits and needs no port.
#pragma once

#include <filesystem>

namespace lambdapool::local {

// The executable itself (it has the section that src/runtime leaves), or the launcher that the packager puts
// before a dynamic one. Anything else, and what cannot be read, is a foreign runtime.
bool is_own_runtime(const std::filesystem::path& bootstrap);

}  // namespace lambdapool::local
