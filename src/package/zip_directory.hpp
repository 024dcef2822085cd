// The directory at a zip's end, visited entry by entry: one buffer serves all names, so that a zip of a
// hundred thousand entries costs no more than one of two.
#pragma once

#include <minizip/unzip.h>

#include <cstddef>
#include <functional>
#include <string_view>

#include "core/error.hpp"

namespace lambdapool::package {

struct DirectoryEntry {
  std::string_view name;  // valid during the visit
  const unz_file_info64& info;
  unzFile archive;  // positioned at the entry
};

// Errors: invalid_argument (not a zip, or a broken one), payload_too_large (more entries than `entries_max`),
// and whatever `visit` returns, which ends the visits.
Result<void> visit_entries(std::string_view zip, std::size_t entries_max,
                           const std::function<Result<void>(const DirectoryEntry&)>& visit);

}  // namespace lambdapool::package
