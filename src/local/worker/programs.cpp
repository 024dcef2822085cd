#include "local/worker/programs.hpp"

#include <unistd.h>

#include <sstream>
#include <string>

namespace lambdapool::local {

namespace fs = std::filesystem;

bool is_file(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

bool is_program(const fs::path& path) { return is_file(path) && ::access(path.c_str(), X_OK) == 0; }

std::vector<fs::path> search_path(const Environment& environment) {
  std::vector<fs::path> directories;
  std::istringstream path(environment.get("PATH").value_or("/usr/local/bin:/usr/bin:/bin"));
  for (std::string directory; std::getline(path, directory, ':');) {
    if (!directory.empty()) directories.emplace_back(directory);
  }
  return directories;
}

}  // namespace lambdapool::local
