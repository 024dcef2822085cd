// What an instance is started with: its command, variables and socket.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "core/descriptor.hpp"
#include "local/run/revision.hpp"
#include "local/supervisor/supervisor.hpp"

namespace lambdapool::local::run {

inline constexpr int other_python = 87;  // the exit status of an interpreter that has another version

// Listens on a name that nobody can guess, in the abstract namespace; the instance asks who calls all the
// same.
Descriptor listening_socket(const std::string& name);

// python3 is, in a base image, the `candidate`-th of the interpreters, which says itself whether it has the
// image's version. "" where the revision can be run; else why not.
std::string describe_container(const Revision& revision, const std::filesystem::path& tmp,
                               const std::vector<std::filesystem::path>& interpreters, std::size_t candidate,
                               Spawn& spawn);

}  // namespace lambdapool::local::run
