#include "local/run/run_files.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>

#include "core/encoding.hpp"
#include "core/write_all.hpp"
#include "local/store/home.hpp"
#include "local/store/uuid.hpp"
#include "package/tar.hpp"

namespace lambdapool::local::run {
namespace {

namespace fs = std::filesystem;

constexpr const char* bucket_file = ".bucket.json";  // no object is called so, for want of a generation

std::optional<std::string> read_whole(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

tl::unexpected<Error> not_written(const fs::path& path, int error) {
  return fail(ErrorKind::io,
              "the local Cloud Run cannot write " + path.string() + ": " + system_reason(error) + ".");
}

Result<void> write_whole(const fs::path& path, std::string_view bytes) {
  if (const auto error = make_private_directories(path.parent_path()))
    return not_written(path, error.value());
  const fs::path incoming = path.parent_path() / ("." + random_uuid());
  int error = write_new_file(incoming.string(), bytes);
  if (error == 0 && ::rename(incoming.c_str(), path.c_str()) != 0) error = errno;
  if (error == 0) return {};
  ::unlink(incoming.c_str());
  return not_written(path, error);
}

// One name of a path: nothing in it leads anywhere else.
std::string part(std::string_view text) {
  const std::string encoded = percent_encode(text);
  return encoded == "." || encoded == ".." || encoded.empty() ? "%" + encoded : encoded;
}

}  // namespace

fs::path RunFiles::service_file(std::string_view name) const {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= name.size();) {
    const auto end = std::min(name.find('/', begin), name.size());
    parts.push_back(part(name.substr(begin, end - begin)));
    begin = end + 1;
  }
  if (parts.size() != 6) return root_ / "services" / "none";
  return root_ / "services" / parts[1] / parts[3] / (parts[5] + ".json");
}

std::optional<std::string> RunFiles::service(std::string_view name) const {
  return read_whole(service_file(name));
}

Result<void> RunFiles::keep_service(std::string_view name, std::string_view record) const {
  return write_whole(service_file(name), record);
}

std::optional<std::string> RunFiles::policy(std::string_view name) const {
  return read_whole(service_file(name).replace_extension(".policy"));
}

Result<void> RunFiles::keep_policy(std::string_view name, std::string_view policy) const {
  return write_whole(service_file(name).replace_extension(".policy"), policy);
}

bool RunFiles::remove_service(std::string_view name) const {
  std::error_code error;
  fs::remove(service_file(name).replace_extension(".policy"), error);
  return fs::remove(service_file(name), error) && !error;
}

std::vector<RunFiles::Kept> RunFiles::services(const std::string& project,
                                               const std::string& location) const {
  std::vector<Kept> kept;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(root_ / "services", error), end; !error && entry != end;
       entry.increment(error)) {
    const auto& path = entry->path();
    if (path.extension() != ".json" || entry.depth() != 2) continue;
    const auto in_location = path.parent_path(), in_project = in_location.parent_path();
    if (project != "-" && in_project.filename() != part(project)) continue;
    if (location != "-" && in_location.filename() != part(location)) continue;
    const auto decoded = [](const fs::path& one) { return percent_decode(one.string()); };
    if (auto record = read_whole(path))
      kept.push_back({"projects/" + decoded(in_project.filename()) + "/locations/" +
                          decoded(in_location.filename()) + "/services/" + decoded(path.stem()),
                      std::move(*record)});
  }
  return kept;
}

void RunFiles::remove_code(const std::set<std::string>& in_use, fs::file_time_type before) const {
  std::error_code error;
  for (fs::directory_iterator entry(root_ / "code", error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code ignored;
    if (in_use.contains(entry->path().filename().string())) continue;
    if (fs::last_write_time(entry->path(), ignored) < before) fs::remove_all(entry->path(), ignored);
  }
}

fs::path RunFiles::bucket_folder(const std::string& bucket) const { return root_ / "buckets" / part(bucket); }

fs::path RunFiles::object_file(const std::string& bucket, const std::string& object,
                               const std::string& generation) const {
  return bucket_folder(bucket) / (part(object) + "#" + part(generation));
}

bool RunFiles::has_bucket(const std::string& bucket) const { return fs::is_directory(bucket_folder(bucket)); }

Result<void> RunFiles::make_bucket(const std::string& bucket) const {
  if (const auto error = make_private_directories(bucket_folder(bucket)))
    return not_written(bucket_folder(bucket), error.value());
  return {};
}

Result<void> RunFiles::keep_object(const std::string& bucket, const std::string& object,
                                   const std::string& generation, std::string_view bytes) const {
  return write_whole(object_file(bucket, object, generation), bytes);
}

std::optional<std::string> RunFiles::object(const std::string& bucket, const std::string& object,
                                            const std::string& generation) const {
  return read_whole(object_file(bucket, object, generation));
}

bool RunFiles::has_object(const std::string& bucket, const std::string& object,
                          const std::string& generation) const {
  return fs::exists(object_file(bucket, object, generation));
}

bool RunFiles::remove_object(const std::string& bucket, const std::string& object) const {
  bool removed = false;
  std::error_code error;
  for (fs::directory_iterator entry(bucket_folder(bucket), error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    std::error_code ignored;
    if (name.substr(0, name.find('#')) == part(object)) removed |= fs::remove(entry->path(), ignored);
  }
  return removed;
}

std::optional<std::string> RunFiles::bucket_record(const std::string& bucket) const {
  return read_whole(bucket_folder(bucket) / bucket_file);
}

Result<void> RunFiles::keep_bucket_record(const std::string& bucket, std::string_view record) const {
  return write_whole(bucket_folder(bucket) / bucket_file, record);
}

bool RunFiles::remove_bucket(const std::string& bucket) const {
  std::error_code error;
  fs::remove(bucket_folder(bucket) / bucket_file, error);
  return fs::remove(bucket_folder(bucket), error) && !error;
}

std::vector<std::string> RunFiles::buckets() const {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(root_ / "buckets", error), end; !error && entry != end;
       entry.increment(error))
    names.push_back(percent_decode(entry->path().filename().string()));
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<RunFiles::Object> RunFiles::objects(const std::string& bucket) const {
  std::map<std::string, Object> newest_of;
  std::error_code error;
  for (fs::directory_iterator entry(bucket_folder(bucket), error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string file = entry->path().filename().string();
    const auto mark = file.find('#');
    std::error_code gone;
    const auto bytes = fs::file_size(entry->path(), gone);
    if (mark == std::string::npos || file.starts_with('.') || gone) continue;
    Object found{percent_decode(file.substr(0, mark)), file.substr(mark + 1), bytes};
    auto& kept = newest_of[found.name];
    const auto is_newer = [](const std::string& a, const std::string& b) {
      return a.size() != b.size() ? a.size() > b.size() : a > b;
    };
    if (kept.name.empty() || is_newer(found.generation, kept.generation)) kept = std::move(found);
  }
  std::vector<Object> all;
  for (auto& [name, object] : newest_of) all.push_back(std::move(object));
  return all;
}

std::optional<RunFiles::Object> RunFiles::newest(const std::string& bucket, const std::string& object) const {
  for (auto& one : objects(bucket))
    if (one.name == object) return std::move(one);
  return std::nullopt;
}

fs::path RunFiles::upload_file(const std::string& id) const { return root_ / "uploads" / part(id); }

Result<fs::path> RunFiles::unpack(std::string_view tar_gz) const {
  const fs::path there = root_ / "code" / sha256_hex(tar_gz);
  if (fs::is_directory(there)) return there;
  if (const auto error = make_private_directories(there.parent_path()))
    return not_written(there, error.value());
  const fs::path incoming = there.parent_path() / ("." + random_uuid());
  if (auto unpacked = package::untar_gz_to(tar_gz, incoming); !unpacked)
    return tl::unexpected(unpacked.error());
  std::error_code error;
  fs::rename(incoming, there, error);
  if (!error) return there;
  std::error_code ignored;
  fs::remove_all(incoming, ignored);
  if (fs::is_directory(there)) return there;  // somebody else was faster
  return not_written(there, error.value());
}

}  // namespace lambdapool::local::run
