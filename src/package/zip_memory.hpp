// Lets minizip read from and write to memory: it asks for its I/O as a table of C functions.
#pragma once

#include <minizip/unzip.h>
#include <minizip/zip.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace lambdapool::package {

struct MemoryFile {
  std::string* output = nullptr;  // where writing goes; null: read-only
  std::string_view input = {};
  std::uint64_t position = 0;
  bool cut_off = false;  // there was less than was to be read

  std::string_view content() const { return output != nullptr ? std::string_view(*output) : input; }
};

// The table for `file`, which must outlive the archive opened with it.
zlib_filefunc64_def memory_functions(MemoryFile& file);

}  // namespace lambdapool::package
