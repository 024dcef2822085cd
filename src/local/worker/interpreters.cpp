#include "local/worker/interpreters.hpp"

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <map>

#include "embedded/python_sdk.hpp"
#include "local/worker/programs.hpp"

namespace lambdapool::local {
namespace {

namespace fs = std::filesystem;

class Candidates {
 public:
  void add(const fs::path& path) {
    if (!is_program(path)) return;
    if (std::find(found_.begin(), found_.end(), path) == found_.end()) found_.push_back(path);
  }
  std::vector<fs::path> take() { return std::move(found_); }

 private:
  std::vector<fs::path> found_;
};

// A shim is a slow script that runs whichever version is selected and fails for the others, though they are
// installed: what stands behind it is better. The newest patch release first.
void add_versions_behind_shims(Candidates& candidates, const fs::path& shims, const std::string& version) {
  std::map<int, fs::path, std::greater<>> by_patch;
  std::error_code error;
  for (fs::directory_iterator entry(shims.parent_path() / "versions", error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (!name.starts_with(version + ".")) continue;
    by_patch[std::atoi(name.c_str() + version.size() + 1)] = entry->path() / "bin" / ("python" + version);
  }
  for (const auto& [patch, path] : by_patch) candidates.add(path);
}

}  // namespace

std::vector<fs::path> interpreter_candidates(const std::string& version, const Environment& environment,
                                             const fs::path& preferred) {
  Candidates candidates;
  candidates.add(preferred);
  if (const auto venv = environment.get("VIRTUAL_ENV")) {
    candidates.add(fs::path(*venv) / "bin" / ("python" + version));
    candidates.add(fs::path(*venv) / "bin" / "python3");
  }
  const auto directories = search_path(environment);
  for (const auto& directory : directories) {
    if (directory.filename() == "shims") add_versions_behind_shims(candidates, directory, version);
    candidates.add(directory / ("python" + version));
  }
  for (const char* name : {"python3", "python"}) {
    for (const auto& directory : directories) candidates.add(directory / name);
  }
  return candidates.take();
}

std::string sdk_description() { return std::string(embedded::python_sdk()); }

fs::path sdk_directory(const fs::path& home) { return home / "sdk"; }

}  // namespace lambdapool::local
