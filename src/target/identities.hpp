// The identities that this process uses: pools that name the same one share it, so that it is asked for once
// (an MFA code is typed once) and renewed once.
#pragma once

#include <memory>

#include "core/error.hpp"
#include "identity/provider.hpp"
#include "identity/source_fetcher.hpp"

namespace lambdapool::target {

// As long as somebody holds it, the provider that arguments, settings and environment name is the same.
Result<std::shared_ptr<identity::Provider>> find_or_open(const identity::FetchOptions& options);

}  // namespace lambdapool::target
