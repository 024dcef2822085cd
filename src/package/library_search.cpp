#include "package/library_search.hpp"

#include <elf.h>

#include <fstream>
#include <sstream>
#include <utility>

#include "core/ascii.hpp"

namespace lambdapool::package {

namespace {

namespace fs = std::filesystem;

std::string read_cache() {
  std::ifstream in("/etc/ld.so.cache", std::ios::binary);
  std::ostringstream bytes;
  bytes << in.rdbuf();
  return bytes.str();
}

std::vector<std::string> split(const std::string& path) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find_first_of(":;", begin), path.size());
    if (end > begin) parts.push_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

}  // namespace

// One object on the way down from the program, with the DT_RPATHs that it inherits from those above.
struct LibrarySearch::Asking {
  Asking(fs::path asking_path, ElfFile asking_elf)
      : path(std::move(asking_path)), elf(std::move(asking_elf)) {
    if (!elf.runpath.empty()) return;  // whoever has a DT_RUNPATH has no say by DT_RPATH
    for (const auto& directory : elf.rpath) rpaths.emplace_back(directory, path.parent_path());
  }

  fs::path path;
  ElfFile elf;
  std::vector<std::pair<std::string, fs::path>> rpaths;  // a directory and the origin that it is meant from
};

LibrarySearch::LibrarySearch(int machine, const Environment& environment)
    : machine_(machine),
      library_path_(split(environment.get("LD_LIBRARY_PATH").value_or(""))),
      cache_(parse_loader_cache(read_cache())) {
  const std::string name = machine == EM_AARCH64 ? "aarch64-linux-gnu" : "x86_64-linux-gnu";
  // The last one: where Debian's cross compilers keep the libraries of other architectures.
  default_directories_ = {"/lib/" + name, "/usr/lib/" + name,     "/lib64", "/usr/lib64", "/lib",
                          "/usr/lib",     "/usr/" + name + "/lib"};
}

bool LibrarySearch::fits(const fs::path& path) const {
  if (!is_elf(path)) return false;
  const auto elf = read_elf(path);
  return elf && elf->machine == machine_ && elf->is_64_bit;
}

std::optional<fs::path> LibrarySearch::find_in(const std::vector<std::string>& directories,
                                               const std::string& name, const fs::path& origin) const {
  for (std::string directory : directories) {
    for (const auto& [from, to] : {std::pair<std::string, std::string>{"ORIGIN", origin.string()},
                                   {"LIB", "lib"},
                                   {"PLATFORM", machine_ == EM_AARCH64 ? "aarch64" : "x86_64"}}) {
      ascii::replace_all(directory, "${" + from + "}", to);
      ascii::replace_all(directory, "$" + from, to);
    }
    const fs::path candidate = fs::path(directory) / name;
    if (fits(candidate)) return candidate;
  }
  return std::nullopt;
}

std::optional<fs::path> LibrarySearch::find(const std::string& name) const {
  if (auto found = find_in(library_path_, name, {})) return found;
  const auto [begin, end] = cache_.equal_range(name);
  for (auto it = begin; it != end; ++it)
    if (fits(it->second)) return it->second;
  return find_in(default_directories_, name, {});
}

std::optional<fs::path> LibrarySearch::find_for(const Asking& asking, const std::string& name) const {
  if (asking.elf.runpath.empty())
    for (const auto& [directory, origin] : asking.rpaths)
      if (auto found = find_in({directory}, name, origin)) return found;
  const fs::path origin = asking.path.parent_path();
  if (auto found = find_in(library_path_, name, origin)) return found;
  if (auto found = find_in(asking.elf.runpath, name, origin)) return found;
  return find(name);
}

Result<void> LibrarySearch::add_needed(const Asking& asking, Libraries& libraries) {
  for (const auto& name : asking.elf.needed) {
    if (libraries.count(name) != 0 || name.rfind("ld-linux", 0) == 0)
      continue;  // the loader is there already
    if (name.find('/') != std::string::npos)
      return fail(ErrorKind::invalid_argument, asking.path.string() + " needs " + name +
                                                   " at just that path, which won't exist in the function; " +
                                                   "link that library with a soname (-Wl,-soname).");
    const auto found = find_for(asking, name);
    if (!found)
      return fail(ErrorKind::invalid_argument,
                  "The library " + name + ", which " + asking.path.string() +
                      " needs, was not found for this "
                      "architecture; install it, or name its directory in LD_LIBRARY_PATH.");
    libraries.emplace(name, *found);
    auto elf = read_elf(*found);
    if (!elf) return tl::unexpected(std::move(elf.error()));
    std::error_code error;
    const fs::path real = fs::canonical(*found, error);
    Asking next(error ? *found : real, std::move(*elf));
    next.rpaths.insert(next.rpaths.end(), asking.rpaths.begin(), asking.rpaths.end());
    if (auto added = add_needed(next, libraries); !added) return added;
  }
  return {};
}

Result<LibrarySearch::Libraries> LibrarySearch::closure(const fs::path& program) {
  auto elf = read_elf(program);
  if (!elf) return tl::unexpected(std::move(elf.error()));
  std::error_code error;
  const fs::path real = fs::canonical(program, error);
  const Asking asking(error ? program : real, std::move(*elf));
  Libraries libraries;
  if (auto added = add_needed(asking, libraries); !added) return tl::unexpected(std::move(added.error()));
  return libraries;
}

Result<void> LibrarySearch::add_if_present(const std::string& name, Libraries& libraries) {
  const auto found = find(name);
  if (!found || libraries.count(name) != 0) return {};
  auto more = closure(*found);
  if (!more) return tl::unexpected(std::move(more.error()));
  libraries.emplace(name, *found);
  libraries.merge(*more);
  return {};
}

}  // namespace lambdapool::package
