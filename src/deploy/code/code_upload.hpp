// How a package reaches Lambda: inside the request up to 50 MB, beyond through an S3 bucket, or on local
// through the home, which needs none. The object in the bucket is there for the time of one command: it is
// removed however the command ends, unless it is killed. Its name is random, so that two who deploy at once
// do not remove each other's.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "aws/lambda/lambda.hpp"
#include "core/error.hpp"
#include "deploy/code/bucket.hpp"
#include "deploy/session.hpp"
#include "local/store/uploads.hpp"
#include "package/package.hpp"

namespace lambdapool::deploy {

// The one that is asked for, else LAMBDAPOOL_BUCKET. Error invalid_argument where the latter is no bucket's
// name.
Result<std::optional<std::string>> chosen_bucket(const Environment& environment,
                                                 const std::optional<std::string>& asked);

// Whether Lambda will take the package: the error names the biggest files and, where a bucket would help, how
// to name one.
Result<void> check_package(const package::Package& package, bool local,
                           const std::optional<std::string>& bucket);

class CodeUpload {
 public:
  // Puts the package into the bucket if it is too large for a request. `name`: of the function or layer.
  static Result<CodeUpload> prepare(Session& session, const std::optional<std::string>& bucket,
                                    const std::string& name, const package::Package& package);
  static CodeUpload none() { return {}; }
  CodeUpload(CodeUpload&&) noexcept = default;
  CodeUpload& operator=(CodeUpload&&) = delete;
  ~CodeUpload();  // removes the object; a warning where that fails

  std::optional<aws::S3Object> object() const;  // nullopt: the zip goes into the request

 private:
  CodeUpload() = default;
  std::optional<local::Upload> file_ = {};  // on local
  std::unique_ptr<Bucket> bucket_;
  aws::s3::Location location_;
};

}  // namespace lambdapool::deploy
