// Gzipped tar archives in memory: the form in which Cloud Run takes code. Written so that equal files give
// equal bytes, and read with distrust.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "package/zip.hpp"

namespace lambdapool::package {

// All regular files below `dir` (links are followed), sorted by name, dated 0, mode 0755 or 0644. Errors:
// invalid_argument (a link that leads nowhere), io.
Result<std::string> write_tar_gz(const std::filesystem::path& dir);

// The same files as in the zip: they go through `dir`, which must be empty or not there yet.
Result<std::string> tar_gz_of_zip(std::string_view zip, const std::filesystem::path& dir);

// Unpacks into `dir`, which must not be there yet; on any error it is gone again. Files and directories only,
// 0700 and 0600. Errors: invalid_argument (no gzipped tar, broken, a link or device, a name that leads out),
// payload_too_large beyond the limits, io.
Result<void> untar_gz_to(std::string_view archive, const std::filesystem::path& dir,
                         const UnzipLimits& limits = {});

}  // namespace lambdapool::package
