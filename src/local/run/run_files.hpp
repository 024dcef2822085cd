// What local Cloud Run and Cloud Storage keep under the home: services, objects, unpacked code.
//
//   run/services/PROJECT/LOCATION/SERVICE.json   run/buckets/BUCKET/OBJECT#GENERATION   run/code/<sha256>/
//   run/uploads/ID (and ID.json)
//
// Files appear under their names by rename only, so whoever sees a name sees the whole content.
#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"

namespace lambdapool::local::run {

class RunFiles {
 public:
  explicit RunFiles(const std::filesystem::path& home) : root_(home / "run") {}

  // `name`: "projects/P/locations/L/services/S".
  std::optional<std::string> service(std::string_view name) const;
  Result<void> keep_service(std::string_view name, std::string_view record) const;
  // Who may do what with it, as it was set.
  std::optional<std::string> policy(std::string_view name) const;
  Result<void> keep_policy(std::string_view name, std::string_view policy) const;
  bool remove_service(std::string_view name) const;
  struct Kept {
    std::string name;
    std::string record;
  };
  // A project's, or with "-" all projects'; likewise the location's.
  std::vector<Kept> services(const std::string& project, const std::string& location) const;

  std::vector<std::string> buckets() const;
  bool has_bucket(const std::string& bucket) const;
  Result<void> make_bucket(const std::string& bucket) const;
  // What it was made with, and was changed to.
  std::optional<std::string> bucket_record(const std::string& bucket) const;
  Result<void> keep_bucket_record(const std::string& bucket, std::string_view record) const;
  Result<void> keep_object(const std::string& bucket, const std::string& object,
                           const std::string& generation, std::string_view bytes) const;
  std::optional<std::string> object(const std::string& bucket, const std::string& object,
                                    const std::string& generation) const;
  bool has_object(const std::string& bucket, const std::string& object, const std::string& generation) const;
  bool remove_object(const std::string& bucket, const std::string& object) const;  // every generation
  bool remove_bucket(const std::string& bucket) const;                             // an empty one
  struct Object {
    std::string name;
    std::string generation;
    std::uintmax_t bytes = 0;
  };
  // Each in its newest generation, in the order of their names.
  std::vector<Object> objects(const std::string& bucket) const;
  std::optional<Object> newest(const std::string& bucket, const std::string& object) const;
  // Uploads in parts, until they are whole: the parts so far, and what is to become of them.
  std::filesystem::path upload_file(const std::string& id) const;

  // Unpacks the archive once for its content. Errors: of package::untar_gz_to.
  Result<std::filesystem::path> unpack(std::string_view tar_gz) const;
  // Removes unpacked code that is in none of the folders `in_use` and was unpacked before `before`.
  void remove_code(const std::set<std::string>& in_use, std::filesystem::file_time_type before) const;

 private:
  std::filesystem::path service_file(std::string_view name) const;
  std::filesystem::path bucket_folder(const std::string& bucket) const;
  std::filesystem::path object_file(const std::string& bucket, const std::string& object,
                                    const std::string& generation) const;

  std::filesystem::path root_;
};

}  // namespace lambdapool::local::run
