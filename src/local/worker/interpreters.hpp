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

// A program (an argument of python3 -I -S -c) that says which boto3 the workers of its interpreter have; its
// own argument is sdk_directory(). What it prints begins with "!" where they would get none.
std::string sdk_description();

// Of a home: where boto3 is installed for workers (python/sdk.py).
std::filesystem::path sdk_directory(const std::filesystem::path& home);

}  // namespace lambdapool::local
