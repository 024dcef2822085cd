#include "deploy/policy.hpp"

#include <iostream>

#include "cli/verbs.hpp"

namespace lambdapool::cli {

Result<void> print_policy(const Context& context, const PolicyOptions& options) {
  const auto document = deploy::policy(context.connection(), options);
  if (!document) return tl::unexpected(document.error());
  std::cout << *document;
  return {};
}

}  // namespace lambdapool::cli
