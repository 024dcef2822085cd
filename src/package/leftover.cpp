#include "package/leftover.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <string>
#include <system_error>

namespace lambdapool::package {

namespace {

namespace fs = std::filesystem;

constexpr std::array leftover_patterns = {".git",
                                          ".hg",
                                          ".svn",
                                          ".bzr",
                                          ".DS_Store",
                                          "Thumbs.db",
                                          ".venv",
                                          "node_modules",
                                          "*~",
                                          ".*.sw?",
                                          "#*#",
                                          ".#*",
                                          ".idea",
                                          ".vscode",
                                          ".tox",
                                          ".nox",
                                          ".coverage",
                                          ".mypy_cache",
                                          ".pytest_cache",
                                          ".ruff_cache",
                                          ".hypothesis",
                                          ".ipynb_checkpoints"};

}  // namespace

bool is_bytecode(const fs::path& path) {
  if (path.filename() == "__pycache__") return true;
  std::error_code error;
  return (path.extension() == ".pyc" || path.extension() == ".pyo") &&
         fs::exists(fs::path(path).replace_extension(".py"), error);
}

bool is_leftover(const fs::path& path) {
  const std::string name = path.filename().string();
  std::error_code error;
  if (name.starts_with("._")) return fs::exists(path.parent_path() / name.substr(2), error);  // macOS's
  return is_bytecode(path) || fs::exists(path / "pyvenv.cfg", error) ||
         std::any_of(leftover_patterns.begin(), leftover_patterns.end(),
                     [&](const char* pattern) { return fnmatch(pattern, name.c_str(), 0) == 0; });
}

}  // namespace lambdapool::package
