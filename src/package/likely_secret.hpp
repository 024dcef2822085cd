// Files that are secrets more often than not, and seldom meant to be in a function, where whoever may read
// the function's code reads them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "package/zip.hpp"

namespace lambdapool::package {

struct LikelySecret {
  std::string name;  // of the entry, or of the directory that all in it is secret of, with a '/' at its end
  std::string what;  // "a private key"
};

// By name: what tools keep their passwords, tokens and keys in. By content: private keys of any kind, keys of
// AWS and of Google's service accounts, the registries of Docker, the certificates of Kubernetes.
std::vector<LikelySecret> likely_secrets(const std::vector<ZipEntry>& entries);

// `named`, and what is given as a path by itself, which is naming it too.
std::vector<std::string> allowed_names(const std::vector<std::filesystem::path>& paths,
                                       std::vector<std::string> named);

// Error: invalid_argument, which names them all, but for those that `allowed` has.
Result<void> refuse_secrets(const std::vector<ZipEntry>& entries, const std::vector<std::string>& allowed);

}  // namespace lambdapool::package
