// Where the machine's Pythons are.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/environment.hpp"

namespace lambdapool::local {

// Where an interpreter of `version` ("3.11") may be, best first: `preferred`, the active virtual
// environment, PATH, and the versions that pyenv keeps behind its shims. Only existing files; that one
// of them really is that version is found out by running it.
std::vector<std::filesystem::path> interpreter_candidates(const std::string& version,
                                                          const Environment& environment,
                                                          const std::filesystem::path& preferred);

}  // namespace lambdapool::local
