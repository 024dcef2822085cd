#include "package/own_modules.hpp"

#include <algorithm>
#include <cctype>
#include <set>
#include <string_view>

namespace lambdapool::package {
namespace {

bool is_identifier(std::string_view part) {
  return !part.empty() && std::isdigit(static_cast<unsigned char>(part.front())) == 0 &&
         std::all_of(part.begin(), part.end(), [](char c) {
           const auto byte = static_cast<unsigned char>(c);
           return std::isalnum(byte) != 0 || c == '_' || byte >= 0x80;
         });
}

bool is_never_imported(std::string_view part) {
  return part == "__main__" || part == "setup" || part == "conftest" || part == "tests" ||
         part.starts_with("test_") || part.ends_with("_test");
}

// "a.b" of "a/b.py"; "" where that is not the file of a module to import.
std::string module_of(std::string_view path, const std::set<std::string, std::less<>>& files) {
  if (!path.ends_with(".py")) return "";
  path.remove_suffix(3);
  std::string module;
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view part = path.substr(begin, end - begin);
    const bool last = end == path.size();
    if (!is_identifier(part) || is_never_imported(part)) return "";
    if (!last && !files.contains(std::string(path.substr(0, end)) + "/__init__.py")) return "";
    if (!(last && part == "__init__")) module += (module.empty() ? "" : ".") + std::string(part);
    begin = end + 1;
  }
  return module;
}

}  // namespace

std::vector<std::string> own_modules(const std::vector<ZipEntry>& entries) {
  std::set<std::string, std::less<>> files;
  for (const ZipEntry& entry : entries) files.insert(entry.name);
  std::set<std::string> modules;
  for (const std::string& file : files)
    if (std::string module = module_of(file, files); !module.empty()) modules.insert(std::move(module));
  return {modules.begin(), modules.end()};
}

}  // namespace lambdapool::package
