// Uploads in parts: each part is a file, and the object is made of them at the end.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "local/control/refusal.hpp"
#include "local/objects/object_files.hpp"

namespace lambdapool::local {

class Multipart {
 public:
  explicit Multipart(const ObjectFiles& files) : files_(files) {}

  // The upload's id. `info`: what the object will be.
  OrRefusal<std::string> begin(const ObjectInfo& info) const;
  OrRefusal<void> find(const std::string& id) const;  // 404 NoSuchUpload
  // A file in incoming() becomes the part; its entity tag.
  OrRefusal<std::string> add(const std::string& id, const std::string& number, const std::string& file) const;
  // Of the parts that `xml` names, in that order.
  OrRefusal<ObjectInfo> complete(const std::string& id, const std::string& key, const std::string& xml,
                                 Existing existing) const;
  OrRefusal<void> abort(const std::string& id) const;

 private:
  std::filesystem::path directory(const std::string& id) const;
  OrRefusal<std::vector<std::filesystem::path>> parts(const std::string& id, const std::string& xml) const;

  const ObjectFiles& files_;
};

}  // namespace lambdapool::local
