// Where the zip of a function or a layer comes from: the request itself, the home (store/uploads.hpp), or a
// bucket of the local object store.
#pragma once

#include <string>

#include "local/control/operation.hpp"

namespace lambdapool::local {

// `source`: an object with ZipFile, or S3Bucket and S3Key. `what`: "function code", for the error that it has
// none.
OrRefusal<CodeReference> put_code_of(Context& context, const Json& source, const std::string& what);

}  // namespace lambdapool::local
