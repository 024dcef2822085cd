// Which of a package's own files are modules that a pool's functions may come from: the function imports them
// while it starts, which its timeout does not count.
#pragma once

#include <string>
#include <vector>

#include "package/zip.hpp"

namespace lambdapool::package {

// Sorted, dotted names: files at the root, and those in directories that have an __init__.py at each level.
// Not programs, tests and set-ups, which nobody imports: __main__, setup, conftest, test_*, *_test and what
// is in tests/.
std::vector<std::string> own_modules(const std::vector<ZipEntry>& entries);

}  // namespace lambdapool::package
