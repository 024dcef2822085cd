// The objects of one bucket as files: each object's bytes are a file of their own, which never changes once
// it can be found, and beside it stands what is known of it. Several processes may use a bucket at once: what
// is found is always one whole object.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "local/control/refusal.hpp"

namespace lambdapool::local {

struct ObjectInfo {
  std::string key;
  std::string etag;  // with its quotes; says nothing of the bytes but that they are these
  std::string file;  // its name in ObjectFiles::data()
  std::uint64_t size = 0;
  std::chrono::system_clock::time_point modified = {};
  std::map<std::string, std::string> headers = {};  // as they were given: Content-Type, x-amz-meta-...
};

// As what callers name files and directories by: it leads nowhere else. Not empty.
bool is_hex(std::string_view text);

enum class Existing { replaced, kept };  // what happens to an object of the same key

class ObjectFiles {
 public:
  explicit ObjectFiles(std::filesystem::path bucket) : bucket_(std::move(bucket)) {}

  Result<void> make() const;  // its directories, where they are not there
  bool exists() const;
  std::filesystem::path data() const { return bucket_ / "data"; }
  std::filesystem::path incoming() const { return bucket_ / "incoming"; }  // what is not whole yet
  std::filesystem::path uploads() const { return bucket_ / "uploads"; }

  // Makes what lies in incoming() under the name info.file an object. 412 PreconditionFailed where
  // there is one that is kept.
  OrRefusal<ObjectInfo> put(ObjectInfo info, Existing existing) const;
  OrRefusal<ObjectInfo> find(const std::string& key) const;  // 404 NoSuchKey
  void remove(const std::string& key) const;
  std::vector<ObjectInfo> list(const std::string& prefix) const;  // in the order of their keys
  bool empty() const;

  // What callers that were killed have left in incoming() and uploads().
  void remove_abandoned() const;

 private:
  std::filesystem::path key_file(const std::string& key) const;
  std::filesystem::path bucket_;
};

}  // namespace lambdapool::local
