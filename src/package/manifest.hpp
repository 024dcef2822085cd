// What a Python package was made from, so that the worker can tell its caller: docs/protocol.md, "Code".
#pragma once

#include <string>
#include <vector>

#include "core/error.hpp"
#include "package/zip.hpp"

namespace lambdapool::package {

inline constexpr const char* manifest_name = "lambdapool_manifest.json";

// {"lambdapool":"0.10.0","version":1,"files":{"algorithms/algorithms.py":"<hash>"},"requirements":{"numpy":"2.1.0"}}
// `files` are the .py files of `own`, with the first 32 hex digits of their source's SHA-256, line ends as
// "\n"; `requirements` are what `installed` has a .dist-info of. Error: io (a file that can't be read).
Result<std::string> make_manifest(const std::vector<ZipEntry>& own, const std::vector<ZipEntry>& installed);

}  // namespace lambdapool::package
