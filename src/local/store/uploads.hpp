// Packages that are too large for a request, handed over as files of the home: what an S3 bucket is on AWS.
// Only who may write to the home, which is its user, can put one there.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "core/error.hpp"

namespace lambdapool::local {

inline constexpr std::string_view uploads_bucket = "lambdapool-local";  // as S3Bucket of the requests

// A package in the home, until its owner goes.
class Upload {
 public:
  static Result<Upload> put(const std::filesystem::path& home, std::string_view zip);
  Upload(Upload&& other) noexcept;
  Upload& operator=(Upload&&) = delete;
  ~Upload();

  std::string key() const { return file_.filename().string(); }  // as S3Key

 private:
  explicit Upload(std::filesystem::path file) : file_(std::move(file)) {}
  std::filesystem::path file_;
};

// Error: invalid_argument where there is no such package.
Result<std::string> read_upload(const std::filesystem::path& home, const std::string& key);

}  // namespace lambdapool::local
