// Cloud Logging's call that reads, over the files that local Cloud Run services' instances write.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "core/error.hpp"

namespace lambdapool::local::run {

// The answer to entries:list, as JSON. A filter is comparisons of the resource's type and labels, of
// labels.instanceId and of the timestamp with texts in quotes, all of which hold. Error kind
// invalid_argument: it is something else, or the request is.
Result<std::string> list_entries(const std::filesystem::path& home, std::string_view body);

}  // namespace lambdapool::local::run
