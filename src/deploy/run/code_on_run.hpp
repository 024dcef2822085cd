// A function's code on its way to Cloud Run: a gzipped tar in Cloud Storage.
#pragma once

#include <string>

#include "core/error.hpp"
#include "deploy/session.hpp"
#include "package/package.hpp"

namespace lambdapool::deploy {

struct UploadedCode {
  std::string bucket;
  std::string object;
  std::string generation;
};

// By Cloud Run's own call, else into a bucket of the project and location. `service`: its id.
Result<UploadedCode> upload_code(Session& session, const std::string& service, const package::Package& code);

// Of what was uploaded in vain; that it could not be removed is no failure, since the bucket forgets.
void remove_code(Session& session, const UploadedCode& code);

}  // namespace lambdapool::deploy
