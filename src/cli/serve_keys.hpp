// The key that requests to a served local Lambda must be signed with.
#pragma once

#include <optional>

#include "cli/options.hpp"
#include "core/environment.hpp"
#include "core/error.hpp"
#include "core/sigv4.hpp"

namespace lambdapool::cli {

struct RequiredKey {
  sigv4::Identity identity;
  bool made_here = false;  // rather than given by the user, who knows it
};

// nullopt: none is required. Secrets come from a file or from the environment, never from the command line,
// which every user of the machine can read. Error kind invalid_argument.
Result<std::optional<RequiredKey>> serve_keys(const ServeOptions& options, const Environment& environment);

}  // namespace lambdapool::cli
