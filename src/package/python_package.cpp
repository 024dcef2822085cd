#include "package/python_package.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "package/agent_files.hpp"
#include "package/likely_secret.hpp"
#include "package/manifest.hpp"
#include "package/own_modules.hpp"
#include "package/requirements.hpp"
#include "package/temp_dir.hpp"

namespace lambdapool::package {

namespace {

namespace fs = std::filesystem;

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
  for (const auto& entry : entries) {
    const std::string top = entry.name.substr(0, entry.name.find('/'));
    const std::string name = top.ends_with(".py") ? top.substr(0, top.size() - 3) : top;
    if (name != "lambdapool_agent" && name != "lambdapool_runtime" && name != manifest_name) continue;
    return fail(ErrorKind::invalid_argument, "The name " + name +
                                                 " is taken in every function: it is there to run the tasks. "
                                                 "Rename yours.");
  }
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

// What goes into the zip, and the directory that some of it is in, until it is zipped. There is a directory
// only where there is something to install: what is not made can't be left behind.
struct Collected {
  std::vector<ZipEntry> entries = {};
  std::vector<std::string> modules = {};  // the user's own
  std::string manifest = {};
  std::optional<TempDir> installed = {};
};

Result<void> add_requirements(const PythonPackageRequest& request, Collected& collected) {
  if (!request.requirements) return {};
  std::error_code error;
  const auto parent = request.temp_dir.empty() ? fs::temp_directory_path(error) : request.temp_dir;
  if (error)
    return fail(ErrorKind::io, "there is no directory for temporary files: TMPDIR names none that is there");
  auto temp = TempDir::make(parent);
  if (!temp) return tl::unexpected(std::move(temp.error()));
  collected.installed.emplace(std::move(*temp));
  if (request.progress)
    request.progress({Step::Kind::installing, "Installing " + request.requirements->filename().string() +
                                                  " for Python " + request.python_version + " on " +
                                                  request.architecture + "..."});
  auto installed = install_requirements(request, collected.installed->path());
  if (!installed) return tl::unexpected(std::move(installed.error()));
  if (auto apart = check_collisions(collected.entries, *installed); !apart) return apart;
  std::move(installed->begin(), installed->end(), std::back_inserter(collected.entries));
  return {};
}

Result<Collected> collect(const PythonPackageRequest& request) {
  if (auto checked = check_request(request); !checked) return tl::unexpected(std::move(checked.error()));
  auto copied = copy_paths(request.paths, request.progress);
  if (!copied) return tl::unexpected(std::move(copied.error()));
  Collected collected{std::move(*copied)};
  collected.modules = own_modules(collected.entries);
  if (auto harmless =
          refuse_secrets(collected.entries, allowed_names(request.paths, request.allowed_secrets));
      !harmless)
    return tl::unexpected(std::move(harmless.error()));
  const std::vector<ZipEntry> own = collected.entries;
  if (auto added = add_requirements(request, collected); !added)
    return tl::unexpected(std::move(added.error()));
  auto manifest = make_manifest(own, collected.entries);
  if (!manifest) return tl::unexpected(std::move(manifest.error()));
  collected.manifest = std::move(*manifest);
  return collected;
}

Result<Package> packed(const PythonPackageRequest& request, Collected collected) {
  auto package = make_package(std::move(collected.entries), request.give_up);
  if (!package) return package;
  package->runtime = "python" + request.python_version;
  package->architecture = request.architecture;
  package->codec = "pickle";
  return package;
}

std::string lines_of(const std::vector<std::string>& texts) {
  std::string lines;
  for (const std::string& text : texts) lines += text + "\n";
  return lines;
}

}  // namespace

Result<Package> build_python_package(const PythonPackageRequest& request) {
  auto collected = collect(request);
  if (!collected) return tl::unexpected(std::move(collected.error()));
  if (auto free = check_agents_names(collected->entries); !free)
    return tl::unexpected(std::move(free.error()));
  collected->entries.push_back({manifest_name, false, std::move(collected->manifest)});
  for (const auto& file : agent_files())
    collected->entries.push_back({std::string(file.name), file.executable, std::string(file.bytes)});
  collected->entries.push_back({"lambdapool_agent/modules.txt", false, lines_of(collected->modules)});
  auto package = packed(request, std::move(*collected));
  if (package) package->handler = "lambdapool_agent.lambda_handler";
  return package;
}

Result<Package> build_python_layer(const PythonPackageRequest& request) {
  auto collected = collect(request);
  if (!collected) return tl::unexpected(std::move(collected.error()));
  for (ZipEntry& entry : collected->entries) entry.name.insert(0, "python/");
  return packed(request, std::move(*collected));
}

}  // namespace lambdapool::package
