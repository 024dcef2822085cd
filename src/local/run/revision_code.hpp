// The unpacked code of revisions: there again from its archive where it was removed, gone when nothing needs
// it.
#pragma once

#include <string>

#include "core/error.hpp"
#include "local/run/revision.hpp"
#include "local/run/run_files.hpp"

namespace lambdapool::local::run {

bool has_code(const RunFiles& files, const Revision& revision);  // unpacked, or as its archive
std::string code_is_gone(const Revision& revision);              // in words, with the way out

// For an instance that is to start. Error kind io: code_is_gone().
Result<void> make_code_ready(const RunFiles& files, const Revision& revision);

// Removes what no service refers to, once nothing can run any more that began with it.
void remove_unused_code(const RunFiles& files);

}  // namespace lambdapool::local::run
