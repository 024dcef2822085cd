// Files that somebody else rewrites from time to time: a pod's web identity, the AWS CLI's sign-ins.
#pragma once

#include <filesystem>
#include <string>

#include "core/error.hpp"

namespace lambdapool::identity {

// Without line breaks at its end. `named_by`: what the error says the path comes from.
Result<std::string> read_token_file(const std::filesystem::path& path, const std::string& named_by);

// All of it or nothing, readable by its owner alone.
Result<void> replace_token_file(const std::filesystem::path& path, const std::string& text);

}  // namespace lambdapool::identity
