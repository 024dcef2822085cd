#include "package/zip_directory.hpp"

#include <array>
#include <memory>
#include <string>

#include "package/zip_memory.hpp"

namespace lambdapool::package {

namespace {

constexpr std::size_t name_bytes_max = 65'535;  // what the format's field can say

struct CloseUnzip {
  void operator()(void* archive) const { unzClose(archive); }
};

tl::unexpected<Error> broken() {
  return fail(ErrorKind::invalid_argument, "The code is not a zip, or a broken one.");
}

}  // namespace

Result<void> visit_entries(std::string_view zip, std::size_t entries_max,
                           const std::function<Result<void>(const DirectoryEntry&)>& visit) {
  MemoryFile file{.input = zip};
  zlib_filefunc64_def functions = memory_functions(file);
  const std::unique_ptr<void, CloseUnzip> archive(unzOpen2_64("", &functions));
  unz_global_info64 global{};
  if (archive == nullptr || unzGetGlobalInfo64(archive.get(), &global) != UNZ_OK) return broken();
  if (global.number_entry > entries_max)
    return fail(ErrorKind::payload_too_large,
                "The zip has more than " + std::to_string(entries_max) + " entries.");
  const auto name = std::make_unique<std::array<char, name_bytes_max + 1>>();
  // Counted here: minizip takes 65,535 entries for "more, and it is not known how many".
  for (std::uint64_t i = 0; i < global.number_entry; ++i) {
    if ((i == 0 ? unzGoToFirstFile(archive.get()) : unzGoToNextFile(archive.get())) != UNZ_OK)
      return broken();
    unz_file_info64 info{};
    if (unzGetCurrentFileInfo64(archive.get(), &info, name->data(), name->size(), nullptr, 0, nullptr, 0) !=
            UNZ_OK ||
        info.size_filename > name_bytes_max)
      return broken();
    auto visited = visit({std::string_view(name->data(), info.size_filename), info, archive.get()});
    if (!visited) return visited;
  }
  return {};
}

}  // namespace lambdapool::package
