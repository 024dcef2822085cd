// An S3 bucket: where it is and how it is addressed.
#pragma once

#include <memory>
#include <string>

#include "aws/s3/s3.hpp"
#include "core/error.hpp"
#include "deploy/session.hpp"

namespace lambdapool::deploy {

struct Bucket {
  std::unique_ptr<Session> session;
  aws::s3::Addressing addressing;
};
Result<Bucket> open_bucket(const Session& lambda, const std::string& name);

}  // namespace lambdapool::deploy
