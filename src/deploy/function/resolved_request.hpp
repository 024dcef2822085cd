// What was asked for, with everything looked up that it leaves open.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "aws/lambda/lambda.hpp"
#include "core/error.hpp"
#include "deploy/functions.hpp"
#include "deploy/session.hpp"

namespace lambdapool::deploy {

struct ResolvedRequest {
  const FunctionRequest& asked;
  const Code& code;
  const RolePolicies& policies;
  std::optional<std::string> bucket = {};
  std::optional<std::vector<std::string>> layers = {};  // ARNs
};

// `bucket`: see chosen_bucket. Error kind not_found: a layer that does not exist.
Result<ResolvedRequest> resolve_request(Session& session, const JudgedRequest& request,
                                        std::optional<std::string> bucket);

Function function_of(const aws::FunctionConfiguration& configuration);

}  // namespace lambdapool::deploy
