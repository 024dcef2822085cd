// PublishVersion, ListVersionsByFunction.
#pragma once

#include <string>

#include "local/control/operation.hpp"

namespace lambdapool::local {

Answer publish_version(Context& context, Call call, const Json& body);
Answer list_versions(Context& context, Call call);

// The configuration and code that `source` has, under the next number; the newest one where it has the same.
OrRefusal<VersionRecord> publish(Context& context, const FunctionRecord& function,
                                 const VersionRecord& source, const std::string& description);

}  // namespace lambdapool::local
