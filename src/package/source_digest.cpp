#include "package/source_digest.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>

#include "core/encoding.hpp"
#include "package/leftover.hpp"
#include "package/requirements_file.hpp"
#include "package/temp_dir.hpp"

namespace lambdapool::package {
namespace {

namespace fs = std::filesystem;

// Lengths stand before texts, so that no two lists of texts are one.
void add(std::string& to, std::string_view text) {
  to += std::to_string(text.size());
  to += ':';
  to += text;
}

Result<std::string> digest_of(const ZipEntry& entry) {
  if (const auto* bytes = std::get_if<std::string>(&entry.content)) return sha256_hex(*bytes);
  const auto& path = std::get<fs::path>(entry.content);
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  if (!file.good() && !file.eof())
    return fail(ErrorKind::io, "cannot read " + path.string() + ": " + std::strerror(errno));
  return sha256_hex(bytes);
}

Result<std::string> digest_of(std::vector<ZipEntry> entries) {
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  std::string all;
  for (const auto& entry : entries) {
    add(all, entry.name);
    all += entry.executable ? 'x' : '-';
    const auto digest = digest_of(entry);
    if (!digest) return tl::unexpected(digest.error());
    all += *digest;
  }
  return sha256_hex(all);
}

// A requirement that is a file or a directory of this machine is what is in it.
Result<std::string> digest_of_path(const fs::path& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return digest_of(ZipEntry{"", false, path});
  std::vector<ZipEntry> entries;
  if (auto copied = copy_directory(path, "", is_leftover, entries); !copied)
    return tl::unexpected(copied.error());
  return digest_of(std::move(entries));
}

std::string local_path_in(std::string line) {
  if (const auto scheme = line.find("file://"); scheme != std::string::npos)
    line.erase(0, scheme + std::string_view("file://").size());
  line = line.substr(0, line.find_first_of(" ;#["));
  std::error_code error;
  return line.starts_with('/') && fs::exists(line, error) ? line : "";
}

// As pip is given them, with what is read through them.
Result<std::string> requirements_of(const PythonPackageRequest& request) {
  if (!request.requirements) return std::string();
  std::error_code error;
  const auto parent = request.temp_dir.empty() ? fs::temp_directory_path(error) : request.temp_dir;
  if (error)
    return fail(ErrorKind::io, "there is no directory for temporary files: TMPDIR names none that is there");
  const auto work = TempDir::make(parent);  // constraints are copied there
  if (!work) return tl::unexpected(work.error());
  const auto plain = plain_requirements(*request.requirements, request.environment, work->path());
  if (!plain) return plain;
  std::string all;
  std::istringstream lines(*plain);
  for (std::string line; std::getline(lines, line);) {
    if (const auto name = line.find(work->path().string()); name != std::string::npos)
      line.replace(name, work->path().string().size(), "constraints");
    add(all, line);
    const std::string path = local_path_in(line);
    if (path.empty()) continue;
    const auto digest = digest_of_path(path);
    if (!digest) return digest;
    all += *digest;
  }
  std::vector<ZipEntry> constraints;
  if (auto copied = copy_directory(
          work->path(), "", [](const fs::path&) { return false; }, constraints);
      !copied)
    return tl::unexpected(copied.error());
  const auto digest = digest_of(std::move(constraints));
  if (!digest) return digest;
  return all + *digest;
}

}  // namespace

Result<std::string> source_digest(const std::vector<fs::path>& paths) {
  auto entries = copy_paths(paths, {});
  if (!entries) return tl::unexpected(std::move(entries.error()));
  return digest_of(std::move(*entries));
}

Result<std::string> source_digest(const PythonPackageRequest& request) {
  const auto requirements = requirements_of(request);
  if (!requirements) return requirements;
  const auto own = source_digest(request.paths);
  if (!own) return own;
  std::string all;
  for (const std::string& part :
       {std::string(LAMBDAPOOL_VERSION), request.python_version, request.architecture, *requirements, *own})
    add(all, part);
  return sha256_hex(all);
}

}  // namespace lambdapool::package
