// Zip archives in memory, written so that equal input gives equal bytes, and read with distrust.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/error.hpp"
#include "core/limits.hpp"

namespace lambdapool::package {

struct ZipEntry {
  std::string name;  // relative, UTF-8, '/' between parts; a trailing '/' makes an (empty) directory
  bool executable = false;
  std::variant<std::string, std::filesystem::path> content = {};  // the bytes, or the file that has them
};

// AWS has no number of its own, but files and directories cost more than their bytes. 65,535 and fewer are an
// ordinary zip, more are one with zip64's end.
inline constexpr std::size_t zip_entries_max = 200'000;

// Sorted by name, dated 1980-01-01, mode 0755 or 0644: nothing of the clock, the time zone, the umask or
// the order of a directory's listing gets in. Errors: invalid_argument (a name that is empty, absolute,
// twice there or climbs with ".."), payload_too_large (zip_entries_max), io (a file that can't be read).
// `give_up` is asked every few milliseconds; error cancelled once it says yes.
using GiveUp = std::function<bool()>;
Result<std::string> write_zip(std::vector<ZipEntry> entries, const GiveUp& give_up = {});

struct UnzipLimits {
  std::int64_t unzipped_bytes = limits::unzipped_bytes_max;
  std::size_t entries = zip_entries_max;  // directories that are only part of a name count as well
};

// Unpacks into `dir`, which must be empty or not there yet; on any error it is left empty again.
// What it makes is the user's alone: 0700 for directories and executables, 0600 for other files. Links are
// made where they stay inside `dir`. Of two entries with one name the later is left, and both count. Errors:
// invalid_argument for whatever is wrong with the zip (not a zip, broken, encrypted, a name or link that
// leads out): AWS's "Could not unzip uploaded file"; payload_too_large beyond the limits (counted while
// inflating, whatever the headers claim); io for the disk's own failures.
Result<void> unzip_to(std::string_view zip, const std::filesystem::path& dir, const UnzipLimits& limits = {});

struct ZipFile {
  std::string name;
  std::int64_t unzipped_bytes = 0;
};

// What the zip's directory claims, without inflating anything. Errors: invalid_argument (not a zip),
// payload_too_large (zip_entries_max).
Result<std::vector<ZipFile>> list_zip(std::string_view zip);
Result<std::int64_t> unzipped_size(std::string_view zip);

}  // namespace lambdapool::package
