// A requirements file that can be read but once, a pipe such as `-r <(pip freeze)` gives, is read when it is
// judged and kept for as long as it is worked with.
#pragma once

#include <memory>
#include <string>

#include "core/error.hpp"
#include "deploy/stop_token.hpp"
#include "package/temp_dir.hpp"

namespace lambdapool::deploy {

using RequirementsCopy = std::shared_ptr<const package::TempDir>;

// Whether it is a file as any other, which can be read again.
bool can_be_read_again(const std::string& requirements);

// null where the file can be read again; else `requirements` names the copy from now on. Error kinds: io;
// cancelled where a stop is wanted while it is read.
Result<RequirementsCopy> keep_what_is_read_once(std::string& requirements, const StopToken& stop);

}  // namespace lambdapool::deploy
