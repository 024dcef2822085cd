// Finds the shared libraries of an executable, and theirs, by the rules of the GNU loader (ld.so(8)):
// DT_RPATH, LD_LIBRARY_PATH, DT_RUNPATH, /etc/ld.so.cache, the default directories.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/environment.hpp"
#include "core/error.hpp"
#include "package/elf_file.hpp"

namespace lambdapool::package {

class LibrarySearch {
 public:
  using Libraries = std::map<std::string, std::filesystem::path>;  // by the name they are asked for

  // `machine`: libraries of another one are passed over, as the loader does.
  LibrarySearch(int machine, const Environment& environment);

  // All libraries that `program` needs, without its loader. Error: invalid_argument, naming the library that
  // is missing and who needs it.
  Result<Libraries> closure(const std::filesystem::path& program);

  // A file of that name in LD_LIBRARY_PATH, the cache or the default directories.
  std::optional<std::filesystem::path> find(const std::string& name) const;

  // Adds `name` and what it needs, if there is such a library here.
  Result<void> add_if_present(const std::string& name, Libraries& libraries);

 private:
  struct Asking;
  Result<void> add_needed(const Asking& asking, Libraries& libraries);
  std::optional<std::filesystem::path> find_for(const Asking& asking, const std::string& name) const;
  std::optional<std::filesystem::path> find_in(const std::vector<std::string>& directories,
                                               const std::string& name,
                                               const std::filesystem::path& origin) const;
  bool fits(const std::filesystem::path& path) const;

  int machine_;
  std::vector<std::string> library_path_;
  std::vector<std::string> default_directories_;
  std::multimap<std::string, std::string> cache_;
};

// The entries of a file like /etc/ld.so.cache (glibc's format of 1999 and later), name and path; none where
// it is something else. Variants for particular processors are left out.
std::multimap<std::string, std::string> parse_loader_cache(std::string_view bytes);

}  // namespace lambdapool::package
