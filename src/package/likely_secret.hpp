// Files that are secrets more often than not and seldom meant to be in a function: its user is to be told.
#pragma once

#include <string>
#include <vector>

#include "package/zip.hpp"

namespace lambdapool::package {

// The names of .env files, of .aws and .ssh directories, and of private keys among the entries.
std::vector<std::string> likely_secrets(const std::vector<ZipEntry>& entries);

}  // namespace lambdapool::package
