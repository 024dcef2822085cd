// What tools and editors leave behind never belongs into a function: caches, version control's folders,
// virtual environments, editors' backups and settings. Whoever leaves it out says so.
#pragma once

#include <filesystem>

namespace lambdapool::package {

// __pycache__, and *.pyc or *.pyo beside their sources; a module that is only there as bytecode is a module.
bool is_bytecode(const std::filesystem::path& path);

// Bytecode, and what has a leftover's name; a virtual environment is known by its content.
bool is_leftover(const std::filesystem::path& path);

}  // namespace lambdapool::package
