#include "package/python_package.hpp"

#include <stdlib.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "package/agent_files.hpp"
#include "package/requirements.hpp"

namespace lambdapool::package {

namespace {

namespace fs = std::filesystem;

class TempDir {
 public:
  static Result<TempDir> make(const fs::path& parent) {
    std::string name = (parent / "lambdapool-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr)
      return fail(ErrorKind::io, "Can't make a temporary directory in " + parent.string() + ".");
    return TempDir(name);
  }
  TempDir(TempDir&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TempDir& operator=(TempDir&&) = delete;
  ~TempDir() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  explicit TempDir(fs::path path) : path_(std::move(path)) {}
  fs::path path_;
};

Result<void> check_request(const PythonPackageRequest& request) {
  const std::string& version = request.python_version;
  if (version.rfind("3.", 0) != 0 || version.size() < 3 || version.size() > 4 ||
      version.find_first_not_of("0123456789", 2) != std::string::npos)
    return fail(ErrorKind::invalid_argument, "\"" + version + "\" is not a Python version such as 3.12.");
  if (request.architecture != "x86_64" && request.architecture != "arm64")
    return fail(ErrorKind::invalid_argument,
                "Lambda has no architecture \"" + request.architecture + "\"; it has x86_64 and arm64.");
  std::error_code error;
  if (request.requirements && !fs::is_regular_file(*request.requirements, error))
    return fail(ErrorKind::invalid_argument,
                "There is no requirements file " + request.requirements->string() + ".");
  return {};
}

Result<void> check_agents_names(const std::vector<ZipEntry>& entries) {
  for (const auto& entry : entries)
    if (entry.name.rfind("lambdapool_agent/", 0) == 0 || entry.name == "lambdapool_agent.py")
      return fail(
          ErrorKind::invalid_argument,
          "The name lambdapool_agent is taken in every function: it runs the tasks there. Rename yours.");
  return {};
}

Result<void> check_collisions(const std::vector<ZipEntry>& own, const std::vector<ZipEntry>& installed) {
  std::map<std::string, bool> names;
  for (const auto& entry : own) names[entry.name] = true;
  for (const auto& entry : installed)
    if (names.count(entry.name) != 0)
      return fail(ErrorKind::invalid_argument, "Both your own files and the requirements bring " +
                                                   entry.name + "; leave one of them out.");
  return {};
}

Result<std::vector<ZipEntry>> requirements_entries(const PythonPackageRequest& request,
                                                   const fs::path& work) {
  if (!request.requirements) return std::vector<ZipEntry>{};
  if (request.progress)
    request.progress("Installing " + request.requirements->filename().string() + " for Python " +
                     request.python_version + " on " + request.architecture + "...");
  return install_requirements(request, work);
}

}  // namespace

Result<Package> build_python_package(const PythonPackageRequest& request) {
  if (auto checked = check_request(request); !checked) return tl::unexpected(std::move(checked.error()));
  auto entries = copy_paths(request.paths, request.progress);
  if (!entries) return tl::unexpected(std::move(entries.error()));
  if (auto free = check_agents_names(*entries); !free) return tl::unexpected(std::move(free.error()));
  auto temp = TempDir::make(request.temp_dir.empty() ? fs::temp_directory_path() : request.temp_dir);
  if (!temp) return tl::unexpected(std::move(temp.error()));
  auto installed = requirements_entries(request, temp->path());
  if (!installed) return tl::unexpected(std::move(installed.error()));
  if (auto apart = check_collisions(*entries, *installed); !apart)
    return tl::unexpected(std::move(apart.error()));
  std::move(installed->begin(), installed->end(), std::back_inserter(*entries));
  for (const auto& file : agent_files())
    entries->push_back({std::string(file.name), false, std::string(file.bytes)});
  auto package = make_package(std::move(*entries));
  if (!package) return package;
  package->runtime = "python" + request.python_version;
  package->handler = "lambdapool_agent.lambda_handler";
  package->architecture = request.architecture;
  package->codec = "pickle";
  return package;
}

}  // namespace lambdapool::package
